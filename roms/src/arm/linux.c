// SPDX-License-Identifier: GPL-2.0-or-later
// arm-linux: scans the buses of each host bridge of the tree, sizes, places and enables as Linux does, tells all of it,
// waits (WFI), looks again for what is new, and turns the machine off.
#include "pci.h"

static struct bus roots[HOSTS];

int survives(void)
{
    return 0;
}

static u32 show_new(struct bus *bus) // how many functions had not been told; a bridge comes before what is behind it
{
    u32 count = 0;
    for (struct function *each = bus->first; each; each = each->next) {
        if (!each->known) {
            show(each);
            count++;
        }
        if (each->behind)
            count += show_new(each->behind);
    }
    return count;
}

static u32 look(void)
{
    u32 count = 0;
    for (u32 n = 0; n < tree.hosts; n++) {
        scan(&roots[n]);
        place(&roots[n]);
        if (tree.hosts > 1)
            say("host %1\n", (u64)n);
        count += show_new(&roots[n]);
    }
    return count;
}

// Where a wake-up may come, WFI. QEMU's virt has no interrupt for us and would sleep for good: there the wait is left
// out, or, with the kernel argument "key", is for something typed.
static void wait(void)
{
    say("waiting\n");
    if (!tree.model || !same(tree.model, "linux,dummy-virt"))
        __asm__ volatile("wfi" : : : "memory");
    else if (tree.arguments && same(tree.arguments, "key"))
        while (!key())
            ;
}

void run(void)
{
    begin("fwsim arm-linux");
    for (u32 n = 0; n < tree.hosts; n++) {
        struct host *host = &tree.host[n];
        roots[n] = (struct bus){.number = host->first, .last = host->last, .host = host};
        add_windows(&roots[n], host);
    }
    say("functions %1\n", (u64)look());
    wait();
    say("new %1\n", (u64)look());
}
