import type { ErrorEntry } from './entry.ts';

export const stepErrors = {
  'BW-STEP-001': {
    title: 'A step of this type cannot be run',
    fix: 'Disable or remove the step; `bootwright check` names every step this version cannot run.',
    exit: 'input',
  },
  'BW-STEP-002': {
    title: 'The settings of a step are not valid',
    fix: 'Correct the named setting. If it holds %VARIABLES%, check their values.',
    exit: 'input',
  },
  'BW-STEP-003': {
    title: 'The step does not run in this environment',
    fix: 'Put a Restart Computer step before it, or change its `runIn`.',
    exit: 'input',
  },
  'BW-STEP-004': {
    title: 'A read-only variable cannot be set',
    fix: 'Choose a name that does not begin with an underscore.',
    exit: 'input',
  },
  'BW-STEP-005': {
    title: 'The applied volume is not equal to the image',
    fix: 'Run the step again (R). If it fails again, test the disk and the memory of the machine, and verify the medium.',
    exit: 'untrusted',
  },
  'BW-STEP-006': {
    title: 'The step took longer than its time limit and was ended',
    fix: 'Raise `timeoutSeconds`, or find out what the command was waiting for: it must not ask questions.',
    exit: 'failure',
  },
  'BW-STEP-007': {
    title: 'The machine restarted in the middle of a step',
    fix: 'Give the step a `retryCount` if it is safe to run it again, or request restarts with the exit code 3010.',
    exit: 'failure',
  },
  'BW-STEP-008': {
    title: 'A restart would lose the run',
    fix: 'Put Format and Partition Disk before the restart: the run needs a volume to be continued from.',
    exit: 'input',
  },
  'BW-STEP-009': {
    title: 'A child sequence was not merged into its parent',
    fix: 'Compile the policy again from the site that holds both sequences.',
    exit: 'input',
  },
  'BW-STEP-010': {
    title: 'The image cannot be made bootable on this machine',
    fix: 'Capture the image again with the named packages installed.',
    exit: 'missing',
  },
  'BW-STEP-011': {
    title: 'The applied volume holds no system this step knows',
    fix: 'Use an image of Debian or of a distribution derived from it.',
    exit: 'input',
  },
  'BW-STEP-012': {
    title: 'A secret would become visible in a command line',
    fix: 'Hand it over by `input` (standard input) or `secrets` (a file only the command can read).',
    exit: 'refused',
  },
  'BW-STEP-013': {
    title: 'Content of a step is not on this machine',
    fix: 'Make the medium again; the content must be in the site when it is made.',
    exit: 'missing',
  },
  'BW-STEP-014': {
    title: 'The step cannot tell which volume is meant',
    fix: 'Name the volume: give a partition a `variable` and use it, e.g. `volume: "%OSDisk%"`.',
    exit: 'input',
  },
  'BW-STEP-015': {
    title: 'The saved state belongs to another task sequence',
    fix: 'Start again from the medium.',
    exit: 'refused',
  },
  'BW-STEP-016': {
    title: 'A variable name is not valid',
    fix: 'Use letters, digits, `_` and `-`, beginning with a letter, at most 256 characters.',
    exit: 'input',
  },
  'BW-STEP-017': {
    title: 'The image could not be applied',
    fix: 'Read the message; verify the medium with `bootwright media verify`.',
    exit: 'failure',
  },
  'BW-STEP-018': {
    title: 'What the step wrote is not there when it is read back',
    fix: 'Run the step again (R). If it fails again, test the disk.',
    exit: 'failure',
  },
  'BW-STEP-019': {
    title: 'A command in the applied system failed',
    fix: 'Read its last lines in the message; the full output is in the log.',
    exit: 'failure',
  },
  'BW-STEP-110': {
    title: 'A volume could not be captured',
    fix: 'Read the message; check the file system of the volume and the free space of the destination.',
    exit: 'failure',
  },
  'BW-STEP-111': {
    title: 'The destination of the image cannot be used',
    fix: 'Name \\\\server\\share\\name.wim, nfs://server/folder/name.wim, https://server or LABEL=NAME/name.wim.',
    exit: 'input',
  },
  'BW-STEP-112': {
    title: 'The system of the machine cannot be captured',
    fix: 'Prepare the reference machine as the message says, and start the medium again.',
    exit: 'refused',
  },
  'BW-STEP-113': {
    title: 'The captured image does not read back as it was written',
    fix: 'Capture again; if it happens again, test the disk, the network and the memory of both machines.',
    exit: 'untrusted',
  },
  'BW-STEP-114': {
    title: 'A network folder cannot be connected',
    fix: 'Check server, share, account and password; the account needs the right to write there.',
    exit: 'missing',
  },
  'BW-STEP-115': {
    title: 'The destination went away while the image was written',
    fix: 'Bring the server or the disk back and press R: the image is captured again, under a name that is still free.',
    exit: 'failure',
  },
  'BW-STEP-116': {
    title: 'There is an image of that name already',
    fix: 'Choose another name, or set overwrite to true.',
    exit: 'refused',
  },
  'BW-STEP-117': {
    title: 'The server did not take the image',
    fix: 'Check the address, and that the upload token is valid: bootwright content receive makes one. What was sent is not sent again.',
    exit: 'refused',
  },
  'BW-STEP-130': {
    title: 'A program is made to run as a signed-in person',
    fix: 'Set runAs to system in package.yaml or in the description of the application.',
    exit: 'input',
  },
  'BW-STEP-131': {
    title: 'An installation was ended after its time limit',
    fix: 'Look into the log for what it waited for; raise timeoutMinutes if it only needs longer.',
    exit: 'failure',
  },
  'BW-STEP-132': {
    title: 'A variable in a list of packages names no program',
    fix: 'Set PKG001, PKG002, … to PACKAGE:PROGRAM each.',
    exit: 'input',
  },
  'BW-STEP-133': {
    title: 'The package has no such program',
    fix: 'Name one that package.yaml describes under "programs".',
    exit: 'input',
  },
  'BW-STEP-134': {
    title: 'This machine cannot tell whether the application is there',
    fix: 'Add a rule it can answer: a file, or a command with its exit code.',
    exit: 'input',
  },
  'BW-STEP-135': {
    title: 'What is to be installed is no application, or needs itself',
    fix: 'Name an application of applications/; take the circle out of "dependencies".',
    exit: 'input',
  },
  'BW-STEP-136': {
    title: 'Content cannot be put where the step wants it',
    fix: 'Use the location task-sequence, or download after an operating system was applied.',
    exit: 'input',
  },
  'BW-STEP-137': {
    title: 'Downloaded content is not what was sent',
    fix: 'Run the step again (R). If it fails again, test the disk.',
    exit: 'failure',
  },
  'BW-STEP-138': {
    title: 'The volume for a data image cannot be used',
    fix: 'Name a formatted volume that is not the one the operating system lies on.',
    exit: 'refused',
  },
} as const satisfies Record<string, ErrorEntry>;
