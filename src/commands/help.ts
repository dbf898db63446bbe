/** What `--help` says beyond the list of commands. */
export const exitCodeHelp = `
Exit codes:
  0    every variant ended as its lab expected
  1    at least one did not
  2    the command line or a lab file is wrong
  3    the lab broke, or could not tell: nothing is known about the kernel
  4    nothing ran
  130, 143  stopped by SIGINT, SIGTERM

Through npm, flags need \`--\` before them: npm run lab -- vf-aer-hang --json
`;

export const runHelp = `
Examples:
  vflab run vf-aer-hang                       every variant, on the lab's first kernel
  vflab run vf-aer-hang --variant hang --kernel all
  vflab run vf-aer-hang --dry-run             every QEMU argument, action and deadline
  vflab run ./my-lab.yaml --kernel ./bzImage --modules ./lib/modules/6.18.0

Exit codes are those of \`vflab --help\`. With --bisect, for \`git bisect run\`:
  0    no variant showed the failure        1    a variant showed it
  125  cannot tell: skip this revision      128  command line, lab file or environment unfit: stop
`;

/** Examples and exit codes of the commands whose own differ from those of `vflab --help`. */
export const commandHelp = {
  diagnose: `
Examples:
  dmesg | vflab diagnose -
  vflab diagnose dmesg.txt lspci.txt interrupts.txt /var/log/libvirt/qemu/vm.log

Exit codes: 0 nothing is wrong with interrupts, 1 something is, 4 the files cannot tell;
2 a file cannot be read or is no log, 3 its packer is missing. docs/diagnose.md
`,
  compare: `
Example:
  vflab run vf-aer-hang --kernel ./old/bzImage --modules ./old/mods --output old
  vflab run vf-aer-hang --kernel ./new/bzImage --modules ./new/mods --output new
  vflab compare old/latest new/latest

Exit codes: 0 nothing differs, 1 something does, 3 it cannot be told, 4 no variant is in both
`,
  checkTrace: `
Exit codes: 0 every event is explained, 1 one is impossible, 2 the file is no trace. docs/check-trace.md
`,
  predict: `
Examples:
  vflab predict --kernel 4.18.0-305.el8.x86_64 --cpus 80 --nodes 2 --disks 512 --queues 2
  vflab predict virtio-blk-probe-failure --kernel 6.1
  vflab predict --from dmesg.txt interrupts.txt

Exit codes: 0 predicted, whatever is predicted; with --prove 1 where the kernel did otherwise. docs/predict.md
`,
  preflight: `
Examples:
  vflab preflight --vm web=01:00.0,04:00.0 --vm db=08:00.0
  lspci -vvvnn > lspci.txt; vflab preflight --from lspci.txt --from interrupts.txt

Exit codes: 0 nothing collides, 1 a VM will not start, 3 it cannot be told, 4 there is nothing to look at.
docs/preflight.md
`,
  hunt: `
Exit codes: 0 no run failed, 1 some did, 3 none came to an end. docs/hunt.md
`,
};
