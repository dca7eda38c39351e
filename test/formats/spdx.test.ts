import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { spdxDocument } from '../../src/formats/spdx.ts';

/** What SPDX 2.3 demands of a document of packages (clauses 6, 7 and 11), written down from the specification. */
const id = { type: 'string', pattern: '^SPDXRef-[A-Za-z0-9.-]+$' };
const text = { type: 'string', minLength: 1 };
const schema = {
  type: 'object',
  required: ['spdxVersion', 'dataLicense', 'SPDXID', 'name', 'documentNamespace', 'creationInfo', 'packages'],
  additionalProperties: false,
  properties: {
    spdxVersion: { const: 'SPDX-2.3' },
    dataLicense: { const: 'CC0-1.0' },
    SPDXID: { const: 'SPDXRef-DOCUMENT' },
    name: text,
    documentNamespace: { type: 'string', pattern: '^[a-z][a-z0-9+.-]*:[^#]+$' },
    creationInfo: {
      type: 'object',
      required: ['created', 'creators'],
      properties: {
        created: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' },
        creators: { type: 'array', minItems: 1, items: { type: 'string', pattern: '^(Tool|Person|Organization): ' } },
      },
    },
    packages: {
      type: 'array',
      items: {
        type: 'object',
        required: ['SPDXID', 'name', 'downloadLocation'],
        properties: {
          SPDXID: id,
          name: text,
          versionInfo: text,
          downloadLocation: text,
          filesAnalyzed: { type: 'boolean' },
          checksums: {
            type: 'array',
            items: {
              type: 'object',
              required: ['algorithm', 'checksumValue'],
              properties: {
                algorithm: { enum: ['SHA1', 'SHA256', 'SHA512'] },
                checksumValue: { type: 'string', pattern: '^[0-9a-f]{64}$' },
              },
            },
          },
          externalRefs: {
            type: 'array',
            items: {
              type: 'object',
              required: ['referenceCategory', 'referenceType', 'referenceLocator'],
              properties: {
                referenceCategory: { enum: ['PACKAGE-MANAGER', 'SECURITY', 'PERSISTENT-ID', 'OTHER'] },
                referenceType: { const: 'purl' },
                referenceLocator: { type: 'string', pattern: '^pkg:deb/debian/[A-Za-z0-9.+%-]+@[^ ]+\\?arch=amd64$' },
              },
            },
          },
        },
      },
    },
    relationships: {
      type: 'array',
      items: {
        type: 'object',
        required: ['spdxElementId', 'relatedSpdxElement', 'relationshipType'],
        properties: {
          spdxElementId: id,
          relatedSpdxElement: id,
          relationshipType: { enum: ['DESCRIBES', 'CONTAINS'] },
        },
      },
    },
  },
};

describe('the list of what a boot image is made of', () => {
  const request = {
    name: 'boot image default',
    namespace: `urn:bootwright:boot-image:${'0'.repeat(64)}`,
    epoch: 1_600_000_000,
    tool: { name: 'bootwright', version: '0.1.0' },
    architecture: 'amd64',
    packages: [
      { name: 'libstdc++6', version: '14.2.0-19', sha256: 'b'.repeat(64) },
      { name: 'busybox-static', version: '1:1.37.0-6+b3', sha256: 'a'.repeat(64) },
    ],
  };

  it('is SPDX 2.3', () => {
    const document = JSON.parse(spdxDocument(request));
    const validate = new Ajv({ allErrors: true, strict: true }).compile(schema);
    expect(validate(document) ? [] : validate.errors).toEqual([]);
    const ids = document.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID);
    expect(new Set(ids).size).toBe(3);
    for (const { relatedSpdxElement } of document.relationships) expect(ids).toContain(relatedSpdxElement);
  });

  it('names each package as inventories do, in one order', () => {
    const text = spdxDocument(request);
    expect(text).toContain('pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64');
    expect(text).toContain('pkg:deb/debian/busybox-static@1%3A1.37.0-6%2Bb3?arch=amd64');
    expect(spdxDocument({ ...request, packages: request.packages.toReversed() })).toBe(text);
  });
});
