/** Writes the two traces of a ledger, line by line as QEMU and the kernel do. */

const main = 100;

export class TwoTraces {
  readonly qemu: string[] = [];
  readonly kernel: string[] = [
    '# tracer: nop',
    '          <idle>-0       [000] d..1.     0.000000: irq_matrix_assign_system: bit=0 online_maps=0 global_avl=0, global_rsvd=0, total_alloc=0',
  ];
  /** QEMU's clock minus the kernel's. */
  #offset = 1_795_000_000;
  #latches = 10;
  #now = 10;
  #mark = 0;
  readonly #pending = new Set<string>();

  /** Seconds of the kernel's clock. */
  wait(seconds: number): this {
    this.#now += seconds;
    return this;
  }

  device(text: string, thread = main): this {
    this.#now += 2e-6;
    this.qemu.push(`${thread}@${(this.#now + this.#offset).toFixed(6)}:${text}`);
    return this;
  }

  /** A debugger holds the machine. */
  standStill(seconds: number): this {
    this.device('runstate_set current_run_state 9 (running) new_state 0 (debug)');
    this.#offset += seconds;
    return this.device('runstate_set current_run_state 0 (debug) new_state 9 (running)');
  }

  trace(cpu: number, text: string, flags = 'd.h1.'): this {
    this.#now += 2e-6;
    const where = `[${String(cpu).padStart(3, '0')}] ${flags}`;
    this.kernel.push(`          <idle>-0       ${where} ${this.#now.toFixed(6).padStart(12)}: ${text}`);
    return this;
  }

  /** @param loose seconds that the write took: what the clocks leave open */
  mark(loose = 0): this {
    this.#mark += 1;
    const value = (this.#mark * 65536 + 0x4656).toString(16);
    return this.trace(0, `tracing_mark_write: vflab-sync ${this.#mark} <`, '.....')
      .wait(loose / 2)
      .device(`pci_cfg_write mch 00:00.0 @0x0 <- 0x${value}`)
      .wait(loose / 2)
      .trace(0, `tracing_mark_write: vflab-sync ${this.#mark} >`, '.....');
  }

  /** Every CPU shows that it takes interrupts. */
  end(cpus = 2): this {
    this.wait(0.01).mark();
    for (let cpu = 0; cpu < cpus; cpu += 1) this.trace(cpu, 'tracing_mark_write: vflab-cpu', '.....');
    return this;
  }

  /** The irq gets a vector of a CPU; the table entry says so. */
  config(irq: number, cpu: number, vector: number): this {
    this.trace(
      cpu,
      `vector_config: irq=${irq} vector=${vector} cpu=${cpu} apicdest=0x${cpu.toString(16).padStart(8, '0')}`,
    );
    return vector === 239 ? this : this.table(irq, cpu, vector);
  }

  table(irq: number, cpu: number, vector: number): this {
    const at = 0x40800000 + irq * 16;
    return this.#write(0, at, 0xfee00000 + cpu * 4096)
      .#write(0, at + 4, 0)
      .#write(0, at + 8, vector)
      .mask(irq, 0, 0);
  }

  mask(irq: number, cpu: number, masked: 0 | 1): this {
    return this.#write(cpu, 0x40800000 + irq * 16 + 12, masked);
  }

  #write(cpu: number, at: number, value: number): this {
    return this.device(
      `memory_region_ops_write cpu ${cpu} mr 0x55aa addr 0x${at.toString(16)} value 0x${value.toString(16)} size 4 name 'msix-table'`,
      200 + cpu,
    );
  }

  raise(index: number): this {
    return this.device(`pci_nvme_irq_msix raising MSI-X IRQ vector ${index}`);
  }

  /** The message; its bit in IRR stays set until {@link accept}. */
  message(cpu: number, vector: number, dest = cpu, thread = main): this {
    this.device(
      `memory_region_ops_write cpu -1 mr 0x55ab addr 0x${(0xfee00000 + dest * 4096).toString(16)} value 0x${vector.toString(16)} size 4 name 'vtd-ir'`,
      thread,
    ).device(
      `apic_deliver_irq dest ${dest} dest_mode 0 delivery_mode 0 vector ${vector} trigger_mode 0`,
      thread,
    );
    if (dest !== cpu) return this;
    const key = `${cpu}.${vector}`;
    if (!this.#pending.has(key)) this.#latches += 1;
    this.#pending.add(key);
    return this.device(`kvm_report_irq_delivered coalescing ${this.#latches}`, thread);
  }

  /** The CPU takes it and writes EOI. */
  accept(cpu: number, vector: number): this {
    this.#pending.delete(`${cpu}.${vector}`);
    return this.device(
      `memory_region_ops_write cpu ${cpu} mr 0x55ac addr 0xfee000b0 value 0x0 size 4 name 'apic-msi'`,
      200 + cpu,
    );
  }

  round(irq: number, cpu: number, name = 'nvme0q1'): this {
    return this.trace(cpu, `irq_handler_entry: irq=${irq} name=${name}`).trace(
      cpu,
      `irq_handler_exit: irq=${irq} ret=handled`,
    );
  }

  /** From raise to handler. */
  whole(irq: number, cpu: number, vector: number, index = 1): this {
    return this.raise(index).message(cpu, vector).wait(20e-6).accept(cpu, vector).round(irq, cpu).wait(1e-3);
  }
}
