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
