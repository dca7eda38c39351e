/** A Debian package as a boot image records it. */
export interface SpdxPackage {
  readonly name: string;
  readonly version: string;
  /** Of the `.deb`, hex. */
  readonly sha256: string;
}

export interface SpdxRequest {
  readonly name: string;
  /** Unique for the content described. */
  readonly namespace: string;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly tool: { readonly name: string; readonly version: string };
  /** Debian's name of the architecture. */
  readonly architecture: string;
  readonly packages: readonly SpdxPackage[];
}

const unknown = 'NOASSERTION';

/**
 * What a boot image is made of, as SPDX 2.3 (ISO/IEC 5962) in JSON: programs for inventories and advisories read it.
 * Equal input gives equal text.
 */
export function spdxDocument({ name, namespace, epoch, tool, architecture, packages }: SpdxRequest): string {
  const image = 'SPDXRef-boot-image';
  const base = { downloadLocation: unknown, filesAnalyzed: false, licenseConcluded: unknown, licenseDeclared: unknown };
  const sorted = packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map((each) => ({
    SPDXID: `SPDXRef-${each.name.replace(/[^A-Za-z0-9.-]/g, (letter) => `-${letter.charCodeAt(0)}-`)}`,
    name: each.name,
    versionInfo: each.version,
    ...base,
    copyrightText: unknown,
    checksums: [{ algorithm: 'SHA256', checksumValue: each.sha256 }],
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: `pkg:deb/debian/${encodeURIComponent(each.name)}@${encodeURIComponent(each.version)}?arch=${architecture}`,
      },
    ],
  }));
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: namespace,
    creationInfo: {
      created: new Date(epoch * 1000).toISOString().replace('.000', ''),
      creators: [`Tool: ${tool.name}-${tool.version}`],
    },
    packages: [{ SPDXID: image, name, versionInfo: tool.version, ...base, copyrightText: unknown }, ...entries],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: image },
      ...entries.map(({ SPDXID }) => ({
        spdxElementId: image,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: SPDXID,
      })),
    ],
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}
