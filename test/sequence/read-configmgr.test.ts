import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition, Group, SequenceItem, Step } from '../../src/model/sequence.ts';
import { readConfigmgrSequence } from '../../src/sequence/read-configmgr.ts';
import { problemLines } from '../problem-lines.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'task-sequences');
const samples = readFileSync(join(fixtures, 'samples.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [file = '', , , , kind = '', version = '', , ...counts] = line.split('\t');
    return { file, kind, version, counts: counts.map(Number), text: readFileSync(join(fixtures, file), 'utf8') };
  });
const ours = samples.filter(({ kind }) => kind.startsWith('configmgr'));

function itemsOf(items: readonly SequenceItem[]): SequenceItem[] {
  return items.flatMap((item) => (item.kind === 'group' ? [item, ...itemsOf(item.items)] : [item]));
}

/** Wraps as the console exports: CDATA in CIM-XML. */
function exported(sequence: string): string {
  return `<INSTANCE CLASSNAME="SMS_TaskSequencePackage">\r\n  <PROPERTY NAME="PackageID" TYPE="string">\r\n    <QUALIFIER NAME="key"><VALUE>TRUE</VALUE></QUALIFIER>\r\n    <VALUE>XYZ0002A</VALUE>\r\n  </PROPERTY>\r\n  <PROPERTY NAME="Name"><VALUE>Kiosk refresh</VALUE></PROPERTY>\r\n  <PROPERTY NAME="BootImageID"><VALUE>XYZ00005</VALUE></PROPERTY>\r\n  <PROPERTY NAME="Sequence">\r\n    <VALUE><![CDATA[${sequence}\r\n]]></VALUE>\r\n  </PROPERTY>\r\n</INSTANCE>`;
}

describe('published sequences', () => {
  it.each(ours)(
    '$file: as many steps, groups and conditions as an independent count',
    ({ file, text, counts, version }) => {
      const { sequence, problems } = readConfigmgrSequence(text, file);
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(sequence?.version).toBe(version);
      const items = itemsOf(sequence!.items);
      const steps = items.filter(({ kind }) => kind === 'step').length;
      const conditions = items.filter(({ condition }) => condition !== undefined).length;
      expect([steps, items.length - steps, conditions]).toEqual(counts);
    },
  );

  it.each(ours)('$file: every value of the file is in the model', ({ file, text }) => {
    const { sequence } = readConfigmgrSequence(text, file);
    const xml = text.includes('<![CDATA[')
      ? text.split('<![CDATA[').find((part) => part.startsWith('<sequence'))!
      : text;
    // Counted with a pattern, not with our parser.
    const variables = [...xml.matchAll(/<variable name="[^"]*" property="/g)].length;
    const read = itemsOf(sequence!.items).flatMap((item) => (item.kind === 'step' ? (item.properties ?? []) : []));
    expect(read.length + sequence!.variables.length).toBe(variables);
    const expressions = [...xml.matchAll(/<expression /g)].length;
    const leaves = (condition: Condition | undefined): number =>
      condition === undefined
        ? 0
        : 'operands' in condition
          ? condition.operands.reduce((sum, one) => sum + leaves(one), 0)
          : 1;
    expect(itemsOf(sequence!.items).reduce((sum, { condition }) => sum + leaves(condition), 0)).toBe(expressions);
    expect(sequence!.references.length).toBe([...xml.matchAll(/<reference /g)].length);
  });

  it.each(samples.filter(({ kind }) => kind === 'mdt'))('$file: refused by name', ({ file, text }) => {
    expect(readConfigmgrSequence(text, file)).toMatchObject({ problems: [{ code: 'BW-SEQUENCE-009', line: 2 }] });
  });

  it('survive any damage: problems, never an exception', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom(
        '<',
        '>',
        '"',
        '&',
        '<step>',
        '</group>',
        ']]>',
        '<![CDATA[',
        '<!DOCTYPE x>',
        '\u0000',
        '<operator type="xor"/>',
      ),
    );
    const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(60), piece);
    fc.assert(
      fc.property(
        fc.constantFrom(...ours.filter(({ text }) => text.length < 40_000)),
        fc.array(edit, { maxLength: 4 }),
        ({ text }, edits) => {
          let damaged = text;
          for (const [where, length, insert] of edits) {
            const at = Math.floor(where * damaged.length);
            damaged = damaged.slice(0, at) + insert + damaged.slice(at + length);
          }
          const { sequence, problems } = readConfigmgrSequence(damaged, 'f.xml');
          expect(sequence !== undefined || problems.length > 0).toBe(true);
          for (const { line, column } of problems) expect(Math.min(line ?? 1, column ?? 1)).toBeGreaterThan(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('readConfigmgrSequence', () => {
  const bare = `<sequence version="3.10"><referenceList><reference package="XYZ00011"/><reference package="XYZ00020" program="*"/><reference application="ScopeId_1/Application_2"/></referenceList><globalVarList><variable name="OSDAdapterCount" property="NumAdapters" hidden="true">1</variable></globalVarList><group name="Lay down" description="all of it" continueOnError="true"><condition><operator type="AND"><expression type="SMS_TaskSequence_VariableConditionExpression"><variable name="Operator">Equals</variable><variable name="Value">true</variable><variable name="Variable">_SMSTSInWinPE</variable></expression><operator type="not"><expression type="SMS_TaskSequence_WMIConditionExpression"><variable name="Namespace">root\\cimv2</variable><variable name="Query">select * from X where a &lt; 3</variable></expression></operator></operator></condition><step type="SMS_TaskSequence_RunCommandLineAction" name="Tell" description="" runIn="WinPEandFullOS" successCodeList="0 3010 3221225547" retryCount="2" runFromNet="false" timeout="900" disable="true"><action>smsswd.exe /run:XYZ00020 a.cmd</action><defaultVarList><variable name="CommandLine" property="CommandLine" hidden="true"> a.cmd\n</variable><variable name="_SMSTSRunCommandLineAsUser" property="RunAsUser">false</variable></defaultVarList></step></group><subtasksequence type="SMS_TaskSequence_SubTasksequence" name="Child" description="" successCodeList="0"><action>SubTasksequence.exe</action><defaultVarList/></subtasksequence></sequence>`;

  it('reads everything the model has a place for', () => {
    const { sequence, problems } = readConfigmgrSequence(bare, 'sequences/ABC00012.xml');
    expect(problems).toEqual([]);
    expect(sequence).toMatchObject({
      id: 'ABC00012',
      dialect: 'configmgr',
      version: '3.10',
      variables: [{ name: 'OSDAdapterCount', property: 'NumAdapters', value: '1', hidden: true }],
      references: [
        { kind: 'package', id: 'XYZ00011' },
        { kind: 'package', id: 'XYZ00020', program: '*' },
        { kind: 'application', id: 'ScopeId_1/Application_2' },
      ],
    });
    const [group, child] = sequence!.items as [Group, Step];
    expect(group).toMatchObject({ name: 'Lay down', description: 'all of it', continueOnError: true, disabled: false });
    expect(group.condition).toEqual({
      kind: 'all',
      operands: [
        { kind: 'variable', variable: '_SMSTSInWinPE', operator: 'equals', value: 'true' },
        {
          kind: 'none',
          operands: [
            {
              kind: 'unsupported',
              type: 'SMS_TaskSequence_WMIConditionExpression',
              raw: '<expression type="SMS_TaskSequence_WMIConditionExpression"><variable name="Namespace">root\\cimv2</variable><variable name="Query">select * from X where a &lt; 3</variable></expression>',
            },
          ],
        },
      ],
    });
    expect(group.items[0]).toMatchObject({
      type: 'SMS_TaskSequence_RunCommandLineAction',
      name: 'Tell',
      disabled: true,
      environments: ['boot', 'deployed'],
      successCodes: [0, 3010, 3221225547],
      retryCount: 2,
      timeoutSeconds: 900,
      action: 'smsswd.exe /run:XYZ00020 a.cmd',
      properties: [
        { variable: 'CommandLine', property: 'CommandLine', value: ' a.cmd\n', hidden: true },
        { variable: '_SMSTSRunCommandLineAsUser', property: 'RunAsUser', value: 'false', hidden: false },
      ],
      preserved: { attributes: { runFromNet: 'false' } },
    });
    expect(child).toMatchObject({ type: 'SMS_TaskSequence_SubTasksequence', name: 'Child', successCodes: [0] });
  });

  it('reads the object of an export, with the package around it and places in the file', () => {
    const { sequence, problems } = readConfigmgrSequence(`\uFEFF\r\n${exported(bare)}`, 'object.xml');
    expect(problems).toEqual([]);
    expect(sequence).toMatchObject({ id: 'XYZ0002A', name: 'Kiosk refresh', bootImage: 'XYZ00005' });
    expect(sequence?.preserved?.elements?.[0]).toContain('<QUALIFIER NAME="key">');
    expect(sequence?.preserved?.elements?.[0]).not.toContain('Lay down');
    // Line 10 of the file; the group begins where it does in `bare`, behind `    <VALUE><![CDATA[`.
    const column = '    <VALUE><![CDATA['.length + bare.indexOf('<group') + 1;
    expect(sequence?.items[0]?.place).toEqual({ file: 'object.xml', line: 10, column, path: '/Lay down' });
  });

  it('keeps what it does not understand, and says so', () => {
    const odd = `<sequence version="3.10" flavour="x"><novelty a="1"><b/></novelty><step type="Third_Party" name="S" retryCount="many" successCodeList="ok" colour="red"><expression type="SMS_TaskSequence_VariableConditionExpression"><variable name="Variable">A</variable><variable name="Operator">exists</variable></expression><extra>text</extra><defaultVarList><variable name="V" property="P" kind="new">1</variable></defaultVarList></step><group name="G"><condition/><action/></group></sequence>`;
    const { sequence, problems } = readConfigmgrSequence(odd, 'f.xml');
    expect(problemLines(problems)).toMatchInlineSnapshot(`
      "f.xml:1:38 warning BW-SEQUENCE-011 The element <novelty> is not understood; it is kept as it is.
      f.xml:1:311 (/S) warning BW-SEQUENCE-011 The element <extra> is not understood; it is kept as it is.
      f.xml:1:153 (/S) warning BW-SEQUENCE-011 An expression stands directly in a step; it is read as a condition.
      f.xml:1:67 (/S) warning BW-SEQUENCE-011 successCodeList="ok" is not a list of numbers; 0 and 3010 count as success.
      f.xml:1:67 (/S) warning BW-SEQUENCE-011 retryCount="many" is not a number; it counts as 0.
      f.xml:1:441 (/G) warning BW-SEQUENCE-011 The condition is empty: always true.
      "
    `);
    expect(sequence?.preserved).toEqual({ attributes: { flavour: 'x' }, elements: ['<novelty a="1"><b/></novelty>'] });
    const [step, group] = sequence!.items as [Step, Group];
    expect(step.condition).toEqual({ kind: 'variable', variable: 'A', operator: 'exists' });
    expect(step.preserved?.attributes).toEqual({ retryCount: 'many', successCodeList: 'ok', colour: 'red' });
    expect(step.preserved?.elements).toContain('<extra>text</extra>');
    expect(step.preserved?.elements).toContain(
      '<defaultVarList><variable name="V" property="P" kind="new">1</variable></defaultVarList>',
    );
    expect(group.condition).toBeUndefined();
    expect(group.preserved?.elements).toEqual(['<action/>', '<condition/>']);
  });

  it('takes an operator without operands as no condition, as the console shows it', () => {
    const or = '<operator type="or"/>';
    const { sequence, problems } = readConfigmgrSequence(
      `<sequence version="3.10"><step type="T" name="S"><condition>${or}</condition></step></sequence>`,
      'f.xml',
    );
    expect(sequence?.items[0]).toMatchObject({
      condition: { kind: 'all', operands: [] },
      preserved: { elements: [`<condition>${or}</condition>`] },
    });
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'warning The empty operator "or" is always true.',
    ]);
  });

  it('says what a file is when it is not a sequence', () => {
    const message = (text: string): string => readConfigmgrSequence(text, 'f').problems[0]?.message ?? '';
    expect(message('PK\u0003\u0004…')).toMatch(/zip container/);
    expect(message('<SmsTaskSequencePackage/>')).toMatch(/2007/);
    expect(message('<LibraryDocument/>')).toMatch(/table of contents/);
    expect(message('<INSTANCE CLASSNAME="SMS_Package"/>')).toMatch(/class SMS_Package/);
    expect(message('<INSTANCE CLASSNAME="SMS_TaskSequencePackage"/>')).toMatch(/holds no sequence/);
    expect(message('<html/>')).toMatch(/<html> is not a task sequence/);
    expect(message(exported('<group/>'))).toMatch(/holds <group> where/);
    expect(message('')).toMatch(/not well-formed/);
    expect(message('<!DOCTYPE a><sequence/>')).toMatch(/DOCTYPE/);
    expect(readConfigmgrSequence('junk <sequence version="3.10"/>', 'f').problems[0]?.fix).toMatch(/before <sequence>/);
  });
});
