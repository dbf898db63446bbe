import { expect, test } from 'vitest';
import { parsePrintUris } from '../../src/images/apt.ts';
import { parseIndexTargets } from '../../src/images/mirrors.ts';

const main = 'http://mirror.example/debian/';
const security = 'http://mirror.example/debian-security/';

test('the mirrors are those of the Debian archives, other vendors’ are not', () => {
  const text = [
    'https://vendor.example/linux/debian/|bookworm|stable|Vendor|Vendor CE',
    'cdrom:[Debian 12]/|bookworm|main|Debian|Debian',
    `${main}|bookworm-updates|main|Debian|Debian`,
    `${main}|bookworm|main|Debian|Debian`,
    `${security}|bookworm-security|main|Debian|Debian-Security`,
  ].join('\n');
  expect(parseIndexTargets(text)).toEqual({ main, security });
});

test('before the first update the suite and the component decide', () => {
  const text = [
    'https://vendor.example/debian/|trixie|stable|$(ORIGIN)|$(LABEL)',
    'https://vendor.example/node/|nodistro|main|$(ORIGIN)|$(LABEL)',
    `${security}|trixie-security|main|$(ORIGIN)|$(LABEL)`,
    `${main}|trixie|main|$(ORIGIN)|$(LABEL)`,
  ].join('\n');
  expect(parseIndexTargets(text)).toEqual({ main, security });
});

test('a machine without security archive, and one without any', () => {
  expect(parseIndexTargets(`${main}|trixie|main|Debian|Debian\n`)).toEqual({ main });
  expect(parseIndexTargets('')).toEqual({});
});

test('packages are read from --print-uris, versions decoded', () => {
  const text = [
    `'${main}pool/main/q/qemu/qemu-system-x86_10.0.13%2bds-0%2bdeb13u1_amd64.deb' qemu-system-x86_1%3a10.0.13+ds-0+deb13u1_amd64.deb 10278596 MD5Sum:00`,
    `'${security}pool/l/linux-image-6.12.1-amd64_6.12.1-1_amd64.deb' linux-image-6.12.1-amd64_6.12.1-1_amd64.deb 108488460 `,
    'Reading package lists...',
  ].join('\n');
  expect(parsePrintUris(text)).toEqual([
    {
      name: 'linux-image-6.12.1-amd64',
      version: '6.12.1-1',
      file: 'linux-image-6.12.1-amd64_6.12.1-1_amd64.deb',
    },
    {
      name: 'qemu-system-x86',
      version: '1:10.0.13+ds-0+deb13u1',
      file: 'qemu-system-x86_1%3a10.0.13+ds-0+deb13u1_amd64.deb',
    },
  ]);
});
