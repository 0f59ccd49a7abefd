// SPDX-License-Identifier: GPL-2.0-or-later
// arm-careless: does to the first memory BARs of two functions what a guest must not do, and tells what it read after
// each step. The tree gives it configuration space and console; where BARs go, it takes for granted. An access that
// ends in a data abort is told and survived; what it would have read is 0bad0bad.
#include "arm.h"

enum { COMMAND = 0x04, REVISION = 0x08, HEADER = 0x0E, BARS = 0x10, SECONDARY = 0x19 };
enum { CAPABILITIES = 0x34, MEMORY = 2, NOTHING = 0xFFFFFFFF, ABORTED = 0x0BAD0BAD, TARGETS = 2 };
enum { PLACE = 0x23000000, MOVED = 0x24000000, SHARED = 0x25000000, OVER_RAM = 0x41000000 };
#define OUTSIDE 0xE0000000UL // in no window of ours, and past the RAM of a small guest

static struct target {
    u64 config;
    u32 bar, size, wide;
} targets[TARGETS];
static u32 found;

int survives(void)
{
    return 1;
}

// The loads keep what is in the register when they are aborted.
#define CAREFULLY(name, load)                                                                                        \
    static u64 name(u64 at)                                                                                          \
    {                                                                                                                \
        u64 value = ABORTED;                                                                                         \
        __asm__ volatile(load ", [%1]" : "+r"(value) : "r"(at) : "memory");                                          \
        return value;                                                                                                \
    }
CAREFULLY(get8, "ldrb %w0")
CAREFULLY(get16, "ldrh %w0")
CAREFULLY(get32, "ldr %w0")
CAREFULLY(get64, "ldr %x0")

static u64 bar(const struct target *target)
{
    return target->config + BARS + 4 * target->bar;
}

static void move(const struct target *target, u32 to)
{
    write32(bar(target), to);
    if (target->wide)
        write32(bar(target) + 4, 0);
}

static void decode(const struct target *target, u32 on)
{
    u32 command = get16(target->config + COMMAND);
    write16(target->config + COMMAND, on ? command | MEMORY : command & ~MEMORY);
}

static void tell(const char *what, u64 first, u64 second)
{
    say("  %s %8 %8\n", what, first, second);
}

static void look(u64 config, u32 from, u32 enough) // takes memory BARs of a function until there are so many
{
    for (u32 n = from; n < 6 && found < enough; n++) {
        u64 at = config + BARS + 4 * n;
        u32 old = get32(at), ones;
        write32(at, NOTHING);
        ones = get32(at);
        write32(at, old);
        u32 wide = (ones & 7) == 4;
        if (ones && ones != NOTHING && ones != ABORTED && !(ones & 1)) {
            u32 size = (ones & ~15U) & -(ones & ~15U);
            targets[found++] = (struct target){config, n, size, wide};
            say("target %8 bar %1 size %8\n", config, (u64)n, (u64)size);
        }
        n += wide;
    }
}

// A bus and what is behind its bridges, whose bus numbers are believed.
static void walk(const struct host *host, u32 bus)
{
    for (u32 devfn = 0; devfn < 256; devfn++) {
        u64 config = host->ecam + ((u64)(bus - host->first) << 20 | devfn << 12);
        u32 id = get32(config), type = get8(config + HEADER), behind;
        if (id == NOTHING || id == ABORTED) {
            devfn |= devfn & 7 ? 0 : 7;
            continue;
        }
        if ((type & 0x7F) == 1) {
            behind = get8(config + SECONDARY);
            if (behind > bus && behind <= host->last)
                walk(host, behind);
        } else if (!(type & 0x7F)) {
            look(config, 0, found + 1 < TARGETS ? found + 1 : TARGETS);
        }
        if (!(devfn & 7) && !(type & 0x80))
            devfn |= 7;
    }
}

static void sized_while_decoded(const struct target *one)
{
    say("step sized while decoded\n");
    move(one, PLACE);
    decode(one, 1);
    tell("reads", get32(PLACE), get32(PLACE + 4));
    write32(bar(one), NOTHING);
    u64 ones = get32(bar(one));
    tell("ones, at the old place", ones, get32(PLACE));
    write32(bar(one), PLACE);
    tell("restored, reads", get32(bar(one)), get32(PLACE));
}

static void moved_while_decoded(const struct target *one)
{
    say("step moved while decoded\n");
    move(one, MOVED);
    tell("bar", get32(bar(one)), get16(one->config + COMMAND));
    tell("new place, old place", get32(MOVED), get32(PLACE));
}

static void two_at_one_place(const struct target *one, const struct target *two)
{
    say("step two at one place\n");
    decode(one, 0);
    decode(two, 0);
    move(one, SHARED);
    move(two, SHARED);
    decode(one, 1);
    tell("first alone", get32(SHARED), get32(SHARED + 4));
    decode(two, 1);
    tell("both", get32(SHARED), get32(SHARED + 4));
    decode(one, 0);
    tell("the first function's decoding off", get32(SHARED), get32(SHARED + 4));
    decode(two, 0);
}

static void outside(const struct target *one)
{
    say("step outside of every window\n");
    move(one, OUTSIDE);
    decode(one, 1);
    tell("bar, command", get32(bar(one)), get16(one->config + COMMAND));
    tell("reads", get32(OUTSIDE), get32(OUTSIDE + 4));
    decode(one, 0);
}

static void over_ram(const struct target *one)
{
    say("step over RAM\n");
    write32(OVER_RAM, 0x600DF00D);
    write32(OVER_RAM + 4, 0x600DF00D);
    move(one, OVER_RAM);
    decode(one, 1);
    tell("bar, command", get32(bar(one)), get16(one->config + COMMAND));
    tell("reads", get32(OVER_RAM), get32(OVER_RAM + 4));
    decode(one, 0);
    tell("off, reads", get32(OVER_RAM), get32(OVER_RAM + 4));
}

static void decoded_before_placed(const struct target *one)
{
    say("step decoded before placed\n");
    move(one, 0);
    decode(one, 1);
    tell("bar, command", get32(bar(one)), get16(one->config + COMMAND));
    move(one, PLACE);
    tell("placed, reads", get32(bar(one)), get32(PLACE));
    decode(one, 0);
}

static void read_only(const struct target *one)
{
    static const struct {
        const char *name;
        u32 offset, value;
    } registers[] = {
        {"ids", 0x00, 0x12345678},
        {"class", REVISION, 0x03000099},
        {"cache line to header", 0x0C, 0x00FF0000},
        {"capabilities", CAPABILITIES, 0x000000F0},
        {"interrupt pin", 0x3C, 0x0000FF00},
        {"subsystem", 0x2C, 0x12345678},
    };
    say("step read-only registers\n");
    for (u32 n = 0; n < sizeof(registers) / sizeof(*registers); n++) {
        u64 at = one->config + registers[n].offset, before = get32(at);
        write32(at, registers[n].value);
        tell(registers[n].name, before, get32(at));
        write32(at, before);
    }
    u64 list = get8(one->config + CAPABILITIES) & ~3;
    if (list) {
        u64 before = get16(one->config + list);
        write16(one->config + list, 0xFFFF);
        tell("capability header", before, get16(one->config + list));
    }
}

static void without_handler(const struct target *one)
{
    static const u32 offsets[] = {0x28, 0xFC, 0x800, 0xFFC};
    say("step registers that nothing is at\n");
    for (u32 n = 0; n < sizeof(offsets) / sizeof(*offsets); n++) {
        u64 before = get32(one->config + offsets[n]);
        write32(one->config + offsets[n], 0x5A5A5A5A);
        say("  offset %3 %8 %8\n", (u64)offsets[n], before, get32(one->config + offsets[n]));
    }
}

static void odd_accesses(const struct target *one)
{
    say("step odd accesses\n");
    tell("32 bits at 1 and 2", get32(one->config + 1), get32(one->config + 2));
    tell("16 bits at 1 and 3", get16(one->config + 1), get16(one->config + 3));
    tell("64 bits at 0 and 8", get64(one->config), get64(one->config + 8));
    u64 before = get64(bar(one) & ~7UL);
    write64(bar(one) & ~7UL, 0x2600000026000000);
    tell("64 bits written to BARs", before, get64(bar(one) & ~7UL));
    move(one, PLACE);
    write16(bar(one) + 2, 0x2700);
    tell("16 bits written to a BAR", PLACE, get32(bar(one)));
    write8(bar(one) + 3, 0x28);
    tell("8 bits written to a BAR", PLACE, get32(bar(one)));
}

static void past_the_buses(const struct host *host)
{
    u64 end = host->ecam + host->size, last = host->ecam + ((u64)(host->last - host->first) << 20);
    say("step past the buses\n");
    tell("last bus of the range, its last device", get32(last), get32(last + 0xF8000));
    if (last + (1 << 20) < end)
        tell("next bus", get32(last + (1 << 20)), get32(last + (1 << 20) + 4));
    tell("behind", get32(end), get32(end + 4));
    write32(end, 0);
}

void run(void)
{
    begin("fwsim arm-careless");
    for (u32 n = 0; n < tree.hosts; n++)
        walk(&tree.host[n], tree.host[n].first);
    if (found == 1)
        look(targets[0].config, targets[0].bar + 1 + targets[0].wide, TARGETS);
    if (found) {
        sized_while_decoded(&targets[0]);
        moved_while_decoded(&targets[0]);
        if (found == TARGETS)
            two_at_one_place(&targets[0], &targets[1]);
        outside(&targets[0]);
        over_ram(&targets[0]);
        decoded_before_placed(&targets[0]);
        read_only(&targets[0]);
        without_handler(&targets[0]);
        odd_accesses(&targets[0]);
    }
    if (tree.hosts)
        past_the_buses(&tree.host[0]);
    say("aborts %1\n", aborts);
}
