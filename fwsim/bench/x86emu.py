"""libx86emu runs the same loop, with a C handler that does the same work; it is compiled when it is measured."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

_SOURCE = r"""
/* The index/data pair under libx86emu: latch, range test and move, GTT store, a 56-byte record of each access. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86emu.h>

#define EVENTS (1u << 17)
struct event { u64 seq, time, ip, address, value, aux; u16 cs, flags; u8 actor, space, op, width; };
static struct event *events;
static u64 seq, now, host, guest = 0x7a000000;
static u32 gtt[1 << 19], latch, port;
static x86emu_memio_handler_t plain;

static void record(x86emu_t *emu, u8 space, u64 address, u64 value, u64 aux)
{
  struct event *e = &events[seq % EVENTS];
  now += 1000;
  e->time = now; e->ip = emu->x86.saved_eip; e->address = address; e->value = value; e->aux = aux;
  e->cs = emu->x86.saved_cs; e->flags = value != aux; e->space = space; e->op = 1; e->width = 4;
  e->seq = ++seq;
}

static unsigned access(x86emu_t *emu, u32 addr, u32 *val, unsigned type)
{
  if ((type & ~0xffu) == X86EMU_MEMIO_O && (type & 0xff) == X86EMU_MEMIO_32) {
    if (addr == port) {
      latch = *val;
      record(emu, 0, addr, *val, *val);
      return 0;
    }
    if (addr == port + 4 && (latch & 1)) {
      u32 value = *val, page = value & 0xfffff000;
      if ((value & 1) && page >= host && page - host < (32u << 20))
        value = (u32)(page - host + guest) | (value & 0xfff);
      gtt[latch >> 2 & 0x7ffff] = value;
      record(emu, 4, latch & ~3u, value, *val);
      return 0;
    }
  }
  return plain(emu, addr, val, type);
}

int main(int argc, char **argv)
{
  static unsigned char code[256];
  FILE *file = argc == 4 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 2;
  size_t size = fread(code, 1, sizeof code, file);
  port = strtoul(argv[2], NULL, 0);
  host = strtoul(argv[3], NULL, 0);
  events = malloc(EVENTS * sizeof *events);
  if (!events) return 2;
  memset(events, 1, EVENTS * sizeof *events);
  x86emu_t *emu = x86emu_new(X86EMU_PERM_RWX, X86EMU_PERM_RW);
  for (size_t i = 0; i < size; i++) x86emu_write_byte(emu, 0xc0000 + i, code[i]);
  plain = x86emu_set_memio_handler(emu, access);
  x86emu_set_seg_register(emu, emu->x86.R_CS_SEL, 0xc000);
  emu->x86.R_EIP = 0;
  struct timespec a, b;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
  x86emu_run(emu, 0);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
  printf("%.9f %llu\n", (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9, (unsigned long long)seq);
  return 0;
}
"""
_HEADER = Path("/usr/include/x86emu.h")


class Emulator(Struct):
    """``run`` gives the seconds one pass takes; None when it could not be made, and ``missing`` says why."""

    run: Callable[[], float] | None
    missing: str = ""
    folder: Path | None = None

    def remove(self) -> None:
        """Remove what was compiled."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def build(code: bytes, port: int, host_base: int) -> Emulator:
    """Compile the program that runs ``code`` (``loops.gtt_writes``) under libx86emu."""
    compiler = shutil.which("cc")
    if not compiler or not _HEADER.exists():
        return Emulator(None, "not measured: takes a C compiler and libx86emu-dev")
    folder = Path(tempfile.mkdtemp(prefix="fwsim-bench-"))
    (folder / "code").write_bytes(code)
    (folder / "loop.c").write_text(_SOURCE)
    program = folder / "loop"
    made = subprocess.run(
        [compiler, "-O2", "-o", str(program), str(folder / "loop.c"), "-lx86emu"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        said = made.stderr.strip().splitlines()
        return Emulator(None, f"not measured: {said[0] if said else 'the compiler failed'}")

    def run() -> float:
        command = [str(program), str(folder / "code"), hex(port), hex(host_base)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[0])

    return Emulator(run, "", folder)
