/*
 * src/model/race/vector-setup once more, in Promela, so that another checker can count its states and judge them:
 * one device, NC CPUs that take interrupts, no guest. Same bytes, same atomic steps, same names. Every process is one
 * loop, so where it stands is in the bytes alone and the states correspond one to one.
 *
 *   spin -a -DLOCKING=1 vector-setup.pml && gcc -O2 -DNOREDUCE -DNOCLAIM -o pan pan.c && ./pan     the states
 *   … gcc -O2 -DNOREDUCE -o pan pan.c && ./pan -a -N overwrite                                     a verdict
 */
#ifndef LOCKING
#define LOCKING 0
#endif
#ifndef REPAIR
#define REPAIR 0
#endif
#ifndef INJECT
#define INJECT 0
#endif
#ifndef DRIVER
#define DRIVER 0
#endif
#ifndef ACK
#define ACK 1
#endif
#ifndef NC
#define NC 1
#endif
#ifndef RAISES
#define RAISES 2
#endif
#ifndef SWITCHES
#define SWITCHES 1
#endif
#ifndef PAUSES
#define PAUSES 1
#endif

#define NV 2
#define UNUSED 0
#define SHUTDOWN 1
#define DESC 2

/* Where a CPU stands. */
#define IDLE 0
#define LOADED 1
#define HANDLING 2
#define TO_WIPE 3
#define TO_EOI 4
#define OFF 5

/* Where the task stands: the step that comes next. */
#define MASK (DRIVER)
#define SYNCHRONIZE (DRIVER + 1)
#define WRITE_ZERO (DRIVER + 2)
#define DEACTIVATE (DRIVER + 3)
#define ACTIVATE (DRIVER + 4)
#define WRITE_MESSAGE (DRIVER + 5)
#define UNMASK (DRIVER + 6)
#define REPAIRS (DRIVER + 7)
#define INJECTS (DRIVER + 7 + REPAIR)
#define ENABLE (DRIVER + 7 + REPAIR + INJECT)
#define STEPS (2 * DRIVER + 7 + REPAIR + INJECT)

byte task = 0, switches = SWITCHES, raises = RAISES;
byte deviceOn = 1, owed = 0, masked = 0, pending = 0;
byte msgCpu = 0, msgVector = 1, cpu = 0, vector = 1;
byte disabled = 0, resend = 0;

byte stands[NC] = IDLE;
byte regVector[NC] = 0;
byte regSlot[NC] = 0;
byte pauses[NC] = PAUSES;
byte irr[NC * NV] = 0;
#if NC == 1
byte slot[NC * NV] = {DESC, UNUSED};
#define HANDLED_BY(c) (stands[c] == HANDLING && regSlot[c] == DESC)
#define HANDLED HANDLED_BY(0)
#define ELSEWHERE(c) false
#else
byte slot[NC * NV] = {DESC, UNUSED, UNUSED, UNUSED};
#define HANDLED_BY(c) (stands[c] == HANDLING && regSlot[c] == DESC)
#define HANDLED (HANDLED_BY(0) || HANDLED_BY(1))
#define ELSEWHERE(c) HANDLED_BY(1 - c)
#endif

#define LOCKED (task == DEACTIVATE || task == WRITE_MESSAGE || task == UNMASK)
#define SEND if :: msgVector != 0 -> irr[msgCpu * NV + msgVector - 1] = 1 :: else fi
#define NEXT if :: task == STEPS - 1 -> task = 0; switches-- :: else -> task++ fi

active proctype device() {
end:
  do
  :: d_step { raises > 0 && deviceOn && !(ACK && owed) ->
       raises--; owed = 1;
       if :: masked -> pending = 1 :: else -> SEND fi }
  od
}

active proctype switcher() {
end:
  do
#if DRIVER
  :: d_step { task == 0 && switches > 0 -> deviceOn = 0; NEXT }
  :: d_step { task == MASK -> masked = 1; disabled = 1; NEXT }
#else
  :: d_step { task == MASK && switches > 0 -> masked = 1; disabled = 1; NEXT }
#endif
  :: d_step { task == SYNCHRONIZE && !HANDLED -> NEXT }
  :: d_step { task == WRITE_ZERO -> msgVector = 0; msgCpu = 0; NEXT }
  :: d_step { task == DEACTIVATE -> slot[cpu * NV + vector - 1] = SHUTDOWN; vector = 0; cpu = 0; NEXT }
     /* The matrix gives the lowest free bit, of whichever CPU; this device is the only one. */
  :: d_step { task == ACTIVATE -> slot[0] = DESC; cpu = 0; vector = 1; NEXT }
#if NC == 2
  :: d_step { task == ACTIVATE -> slot[NV] = DESC; cpu = 1; vector = 1; NEXT }
#endif
  :: d_step { task == WRITE_MESSAGE -> msgCpu = cpu; msgVector = vector; NEXT }
  :: d_step { task == UNMASK ->
       masked = 0; disabled = 0;
       if :: pending || resend -> SEND :: else fi;
       pending = 0; resend = 0; NEXT }
#if REPAIR
  :: d_step { task == REPAIRS -> slot[cpu * NV + vector - 1] = DESC; NEXT }
#endif
#if INJECT
  :: d_step { task == INJECTS -> owed = 0; NEXT }
#endif
#if DRIVER
  :: d_step { task == ENABLE -> deviceOn = 1; owed = 0; NEXT }
#endif
  od
}

#define HANDLE(c) \
  regSlot[c] = DESC; \
  if \
  :: disabled || ELSEWHERE(c) -> masked = 1; resend = 1; stands[c] = TO_EOI \
  :: else -> resend = 0; stands[c] = HANDLING \
  fi
#define HERE slot[c * NV + regVector[c]]

active [NC] proctype entry() {
  byte c = _pid - 2;
end:
  do
  :: d_step { stands[c] == IDLE && irr[c * NV] ->
       irr[c * NV] = 0; regVector[c] = 0; regSlot[c] = slot[c * NV]; stands[c] = LOADED }
  :: d_step { stands[c] == IDLE && irr[c * NV + 1] ->
       irr[c * NV + 1] = 0; regVector[c] = 1; regSlot[c] = slot[c * NV + 1]; stands[c] = LOADED }
  :: d_step { stands[c] == LOADED && regSlot[c] == DESC && !LOCKED -> HANDLE(c) }
#if LOCKING
  :: d_step { stands[c] == LOADED && regSlot[c] != DESC && HERE == UNUSED -> stands[c] = TO_EOI }
  :: d_step { stands[c] == LOADED && regSlot[c] != DESC && HERE == DESC && !LOCKED -> HANDLE(c) }
  :: d_step { stands[c] == LOADED && regSlot[c] != DESC && HERE == SHUTDOWN -> HERE = UNUSED; stands[c] = TO_EOI }
#else
  :: d_step { stands[c] == LOADED && regSlot[c] == UNUSED -> stands[c] = TO_EOI }
  :: d_step { stands[c] == LOADED && regSlot[c] == SHUTDOWN -> stands[c] = TO_WIPE }
  :: d_step { stands[c] == TO_WIPE -> HERE = UNUSED; stands[c] = TO_EOI }
#endif
  :: d_step { stands[c] == HANDLING ->
       owed = 0;
       if
       :: resend && !disabled ->
            resend = 0; masked = 0;
            if :: pending -> SEND :: else fi;
            pending = 0
       :: else -> stands[c] = TO_EOI
       fi }
  :: d_step { stands[c] == TO_EOI -> regVector[c] = 0; regSlot[c] = 0; stands[c] = IDLE }
  :: d_step { stands[c] == IDLE && pauses[c] > 0 -> pauses[c]--; stands[c] = OFF }
  :: d_step { stands[c] == OFF -> stands[c] = IDLE }
  od
}

ltl overwrite { [] (task != 0 || slot[cpu * NV + vector - 1] == DESC) }
ltl loss { [] (owed -> <> !owed) }
