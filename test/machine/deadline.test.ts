import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../src/machine/deadline.ts';
import { measuredSpeed, referenceSpeed } from '../../src/machine/speed.ts';

const never = () => new Promise<never>(() => {});

describe('withDeadline', () => {
  it('passes on what the work gives', async () => {
    expect(await withDeadline({ name: 'work', budgetMs: 1000 }, async () => 7)).toBe(7);
    const failing = withDeadline({ name: 'work', budgetMs: 1000 }, async () => {
      throw new Error('its own');
    });
    await expect(failing).rejects.toThrow('its own');
  });

  it('says which phase, the budget, the factor and the last lines, even if the work heeds nothing', async () => {
    const late = withDeadline(
      {
        name: 'boot of the host',
        budgetMs: 5,
        speed: measuredSpeed(300, 100),
        lastLines: () => ['[ 1.0] stuck'],
      },
      never,
    );
    await expect(late).rejects.toThrow(
      expect.objectContaining({
        code: 'DEADLINE',
        message:
          "did not finish: boot of the host, within 15 ms (budget 5 ms × 3.00 for this machine's speed)",
        lastLines: ['[ 1.0] stuck'],
      }),
    );
  });

  it('aborts the work with the same error', async () => {
    let seen: unknown;
    const late = withDeadline({ name: 'x', budgetMs: 5 }, (signal) => {
      signal.addEventListener('abort', () => {
        seen = signal.reason;
      });
      return never();
    });
    const error = await late.catch((reason: unknown) => reason);
    expect(seen).toBe(error);
  });

  it("the caller's signal keeps its own reason", async () => {
    const controller = new AbortController();
    const work = withDeadline({ name: 'x', budgetMs: 60_000, signal: controller.signal }, never);
    controller.abort(new Error('Ctrl-C'));
    await expect(work).rejects.toThrow('Ctrl-C');
    let started = false;
    const late = withDeadline({ name: 'x', budgetMs: 60_000, signal: controller.signal }, async () => {
      started = true;
    });
    await expect(late).rejects.toThrow('Ctrl-C');
    expect(started).toBe(false);
  });

  it('work that throws before its first await is a rejection too', async () => {
    const work = withDeadline({ name: 'x', budgetMs: 1000 }, () => {
      throw new Error('sync');
    });
    await expect(work).rejects.toThrow('sync');
  });
});

describe('speed', () => {
  it.each([
    [4000, 2000, 2],
    [1000, 2000, 1],
    [1_000_000, 2000, 50],
  ])('%d ms where the reference takes %d ms: factor %d', (measured, reference, factor) => {
    expect(measuredSpeed(measured, reference).factor).toBe(factor);
  });

  it('scales up to whole milliseconds', () => {
    expect(measuredSpeed(1500, 1000).scaleBudget(3)).toBe(5);
    expect(referenceSpeed.scaleBudget(3)).toBe(3);
  });

  it.each([
    [0, 1],
    [1, 0],
    [Number.NaN, 1],
  ])('refuses %d and %d', (measured, reference) => {
    expect(() => measuredSpeed(measured, reference)).toThrow(RangeError);
  });
});
