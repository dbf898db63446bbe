/** Which module files an image needs: the wanted ones and all that they depend on. Pure. */
import { matchesGlob } from 'node:path';

/** Beside the modules: what the kernel's build makes, and no depmod afterwards. */
export const moduleLists = ['modules.order', 'modules.builtin', 'modules.builtin.modinfo'];

export interface ModuleIndex {
  /** Normalised name → path below lib/modules/<release>, e.g. `kernel/drivers/vfio/vfio.ko.xz`. */
  paths: ReadonlyMap<string, string>;
  /** Path → paths it depends on, all levels. */
  dependencies: ReadonlyMap<string, readonly string[]>;
  builtin: ReadonlySet<string>;
}

/** Reads `modules.dep` and `modules.builtin` (modules.dep(5)). */
export function readModuleIndex(dep: string, builtin: string): ModuleIndex {
  const paths = new Map<string, string>();
  const dependencies = new Map<string, readonly string[]>();
  for (const line of dep.split('\n')) {
    const [path, needs] = line.split(':');
    if (!path || needs === undefined) continue;
    paths.set(moduleName(path), path);
    dependencies.set(path, needs.split(' ').filter(Boolean));
  }
  return { paths, dependencies, builtin: new Set(builtin.split('\n').filter(Boolean).map(moduleName)) };
}

/** `kernel/drivers/vfio/pci/vfio-pci.ko.xz` → `vfio_pci`: to the kernel `-` and `_` are the same. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.ko(\.(xz|zst|gz))?$/, '').replaceAll('-', '_');
}

export interface ModuleSelection {
  /** Paths, sorted, each once. */
  paths: string[];
  /** Wanted names and patterns that this kernel has neither as a module nor built in. */
  missing: string[];
}

/** `wanted` holds names or globs (`virtio_*`). */
export function selectModules(index: ModuleIndex, wanted: readonly string[]): ModuleSelection {
  const chosen = new Set<string>();
  const missing: string[] = [];
  for (const pattern of wanted) {
    const glob = pattern.replaceAll('-', '_');
    let found = false;
    for (const [name, path] of index.paths) {
      if (!matchesGlob(name, glob)) continue;
      found = true;
      chosen.add(path);
      for (const needed of index.dependencies.get(path) ?? []) chosen.add(needed);
    }
    found ||= index.builtin.values().some((name) => matchesGlob(name, glob));
    if (!found) missing.push(pattern);
  }
  return { paths: [...chosen].sort(), missing };
}

/**
 * The files to insert so that `name` is loaded: its dependencies first; none if it is built in. `modules.dep`
 * lists a module's dependencies nearest first, so the last of them needs nothing of the others.
 */
export function insertionOrder(index: ModuleIndex, name: string): string[] {
  const path = index.paths.get(name.replaceAll('-', '_'));
  if (path === undefined) return [];
  return [...(index.dependencies.get(path) ?? []).toReversed(), path];
}
