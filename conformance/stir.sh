# What stirs interrupts. Each step of a scenario runs behind this, in the shell of the host image (busybox). What the
# kernel refuses, as the affinity of a managed interrupt, is part of the stir: nothing here stops at an error.

cpus=$(ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l)

# up: the NICs of igb, each in its own emulated network 10.0.<2+n>.0/24, and the links of its VFs. A link that is up
# gets an interrupt on each vector every two seconds (igb_watchdog_task, igbvf_watchdog_task).
up() {
  local n=2 d
  for d in /sys/bus/pci/drivers/igb/*:*/net/*; do
    [ -e "$d" ] || continue
    ip address replace 10.0.$n.15/24 dev "${d##*/}"
    ip link set "${d##*/}" up
    n=$((n + 1))
  done
  for d in /sys/bus/pci/drivers/igbvf/*:*/net/*; do
    [ -e "$d" ] && ip link set "${d##*/}" up
  done
}

# burst: from every CPU a read of every disk; packets over every NIC.
burst() {
  local c=0 b n
  while [ $c -lt "$cpus" ]; do
    for b in /dev/nvme*n1 /dev/vd?; do
      [ -b "$b" ] && taskset -c $c dd if="$b" of=/dev/null bs=4k count=2 iflag=direct &
    done
    c=$((c + 1))
  done
  for n in 2 3 4 5; do
    ip -o address | grep -q " 10\.0\.$n\.15/" && ping -q -c 3 -i 0.01 -W 1 10.0.$n.2 &
  done
  wait
}

# aim MASK: every interrupt that lets itself be aimed.
aim() {
  local irq
  for irq in /proc/irq/[0-9]*; do echo "$1" >"$irq/smp_affinity"; done
}

# scatter SALT: each interrupt to one CPU.
scatter() {
  local irq
  for irq in /proc/irq/[0-9]*; do
    echo $(((${irq##*/} * 7 + $1) % cpus)) >"$irq/smp_affinity_list"
  done
}

# spread SALT: each interrupt to one or two CPUs, so that the kernel has a choice.
spread() {
  local irq n
  for irq in /proc/irq/[0-9]*; do
    n=${irq##*/}
    echo $(((n * 5 + $1) % cpus)),$(((n * 3 + $1 + 1) % cpus)) >"$irq/smp_affinity_list"
  done
}

# flap: every NIC's link down and up, which gives its interrupts back and asks for them anew.
flap() {
  local d
  for d in /sys/bus/pci/drivers/igb*/*:*/net/*; do
    [ -e "$d" ] || continue
    ip link set "${d##*/}" down
    ip link set "${d##*/}" up
  done
}

# rebind DRIVER BUS: every device of a driver let go and taken again, without unloading it.
rebind() {
  local d
  for d in /sys/bus/"$2"/drivers/"$1"/*; do
    [ -e "$d/uevent" ] && [ -L "$d/driver" ] || continue
    echo "${d##*/}" >/sys/bus/"$2"/drivers/"$1"/unbind
    echo "${d##*/}" >/sys/bus/"$2"/drivers/"$1"/bind
  done
}

# vfs N: so many VFs of every device that can have them.
vfs() {
  local d
  for d in /sys/bus/pci/devices/*/sriov_numvfs; do echo "$1" >"$d"; done
}

# cpu N 0|1: off or on.
cpu() {
  echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

# disks N: waits, 20 seconds at most, until virtio_blk has N devices.
disks() {
  local i=0
  until [ "$(ls -d /sys/bus/virtio/drivers/virtio_blk/virtio* | wc -l)" -ge "$1" ] || [ $i -ge 200 ]; do
    sleep 0.1
    i=$((i + 1))
  done
}
