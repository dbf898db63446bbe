/** BTF as `bpftool btf dump file` prints it: what two readers agree on is right. */
import type { Btf, TypeId } from '../../src/introspect/btf/btf.ts';
import { arrayOf, membersOf, variablesOf } from '../../src/introspect/btf/layout.ts';

const quoted = (name: string) => `'${name === '' ? '(anon)' : name}'`;

export function btfDump(btf: Btf): string {
  const lines: string[] = [];
  for (let id = 1; id <= btf.lastId; id += 1) lines.push(...typeLines(btf, id));
  return `${lines.join('\n')}\n`;
}

function typeLines(btf: Btf, id: TypeId): string[] {
  const { kind, name, vlen, kindFlag, word, at } = btf.type(id);
  const head = `[${id}] ${kind.toUpperCase()} ${quoted(name)}`;
  const i32 = (offset: number) => btf.u32(at + offset) | 0;
  switch (kind) {
    case 'int': {
      const encoding = btf.u32(at);
      const words = ['(none)', 'SIGNED', 'CHAR', '', 'BOOL'][encoding >>> 24];
      return [
        `${head} size=${word} bits_offset=${(encoding >>> 16) & 0xff} nr_bits=${encoding & 0xff} encoding=${words}`,
      ];
    }
    case 'array': {
      const { element, count } = arrayOf(btf, id);
      return [`${head} type_id=${element} index_type_id=${btf.u32(at + 4)} nr_elems=${count}`];
    }
    case 'struct':
    case 'union':
      return [
        `${head} size=${word} vlen=${vlen}`,
        ...membersOf(btf, id).map(
          (m) =>
            `\t${quoted(m.name)} type_id=${m.type} bits_offset=${m.bitOffset}${m.bitSize ? ` bitfield_size=${m.bitSize}` : ''}`,
        ),
      ];
    case 'enum':
    case 'enum64': {
      const step = kind === 'enum' ? 8 : 12;
      const value = (i: number) => {
        if (kind === 'enum') return kindFlag ? i32(8 * i + 4) : btf.u32(at + 8 * i + 4);
        const all = BigInt(btf.u32(at + 12 * i + 4)) | (BigInt(btf.u32(at + 12 * i + 8)) << 32n);
        return kindFlag ? `${BigInt.asIntN(64, all)}LL` : `${all}ULL`;
      };
      return [
        `${head} encoding=${kindFlag ? 'SIGNED' : 'UNSIGNED'} size=${word} vlen=${vlen}`,
        ...Array.from(
          { length: vlen },
          (_, i) => `\t${quoted(btf.text(btf.u32(at + step * i)))} val=${value(i)}`,
        ),
      ];
    }
    case 'fwd':
      return [`${head} fwd_kind=${kindFlag ? 'union' : 'struct'}`];
    case 'func':
      return [`${head} type_id=${word} linkage=${['static', 'global', 'extern'][vlen]}`];
    case 'func_proto':
      return [
        `${head} ret_type_id=${word} vlen=${vlen}`,
        ...Array.from(
          { length: vlen },
          (_, i) => `\t${quoted(btf.text(btf.u32(at + 8 * i)))} type_id=${btf.u32(at + 8 * i + 4)}`,
        ),
      ];
    case 'var':
      return [`${head} type_id=${word}, linkage=${['static', 'global', 'extern'][btf.u32(at)]}`];
    case 'datasec': {
      const variables = [...variablesOf(btf, name)];
      return [
        `${head} size=${word} vlen=${vlen}`,
        ...variables.map(
          ([variable, { offset, size }], i) =>
            `\ttype_id=${btf.u32(at + 12 * i)} offset=${offset} size=${size} (VAR '${variable}')`,
        ),
      ];
    }
    case 'float':
      return [`${head} size=${word}`];
    case 'decl_tag':
      return [`${head} type_id=${word} component_idx=${i32(0)}`];
    default:
      return [`${head} type_id=${word}`];
  }
}
