#!/bin/sh
# igd-capture.sh collects what tells of an Intel graphics device that goes to a VM: fwsim diagnose reads its archive.
#
#   sh igd-capture.sh [-n] [-o FILE.tar.gz]      as root, on Proxmox, unraid, Arch, any other Linux, XCP-ng or FreeBSD
#
#   -n  say what would be read, and stop
#   -o  the archive to make; igd-capture.tar.gz
#
# It needs a POSIX shell, sed, awk, od, tar and gzip, and uses lspci, pciconf, dmesg and xl where they are. It sends
# nothing. Serial numbers, MAC addresses, UUIDs, the host's and the VMs' names, passwords and keys are left out.
# FWSIM_CAPTURE_ROOT, for tests alone, is a folder that stands for / wherever a file is read.
set -u
umask 077
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin:/usr/local/bin
export LC_ALL PATH
root=${FWSIM_CAPTURE_ROOT:-}
functions='@FUNCTIONS@'
debug_files='@DEBUG_FILES@'
most=200000 # lines of one file
made_by='@OURS@'

plan() {
    cat <<'TEXT'
This reads, and puts into one archive:
  PCI functions     lspci -nnvvvxxxx of the host bridge, the graphics device and the LPC bridge; lspci -nn of the rest
  kernel            dmesg, /proc/iomem, /proc/cmdline, the firmware's memory map, IOMMU groups, which VFIO options it
                    was built with, parameters of i915, xe, kvm and vfio
  graphics          OpRegion and VBT from debugfs, EDIDs, the option ROM (only while nobody uses the device)
  board             maker, product and BIOS version from SMBIOS; no serial numbers
  VMs               configurations of those that have a PCI device: Proxmox, libvirt, Xen; else their command lines
  hypervisor        versions of QEMU and of its firmware packages, xl dmesg, QEMU's last messages of those VMs
Left out: serial numbers, MAC addresses, UUIDs, names of host and VMs, home folders, passwords, keys, notes of VMs.
TEXT
}

die() {
    printf 'igd-capture: %s\n' "$*" >&2
    exit 2
}

archive=igd-capture.tar.gz
only_say=
while getopts no: option; do
    case $option in
    n) only_say=yes ;;
    o) archive=$OPTARG ;;
    *) die 'usage: sh igd-capture.sh [-n] [-o FILE.tar.gz]' ;;
    esac
done
plan
[ -z "$only_say" ] || exit 0
for tool in sed awk od tar gzip mktemp; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is missing: install it, and start again"
done
[ ! -e "$archive" ] || die "$archive is there already: another -o, or remove it"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || printf 'Not root: most of it cannot be read. Better: sudo sh igd-capture.sh\n'
work=$(mktemp -d "${TMPDIR:-/tmp}/igd-capture.XXXXXX") || die 'cannot make a temporary folder'
out=$work/igd-capture
mkdir "$out"
rom_on=
finish() {
    [ -z "$rom_on" ] || printf 0 >"$rom_on" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
printf '\n'

# --- what is left out ------------------------------------------------------------------------------------------------

# A name that every other host of its kind has tells nothing, and its letters stand in versions of kernel and packages.
common=' localhost pve proxmox tower unraid arch archlinux linux debian ubuntu fedora freebsd xen xcp xcp-ng xenserver
 host server intel kernel vfio qemu kvm igd pci vm root none dell lenovo hp asus '
common=$(printf '%s' "$common" | tr '\n' ' ')
names= # lines "name<TAB>what stands for it"

hide() { # hide NAME BY: the name is left out of all that follows
    name=$(printf '%s' "$1" | tr 'A-Z\t\n' 'a-z  ')
    case $common in *" $name "*) return ;; esac
    [ ${#name} -lt 2 ] || names="$names$name	$2
"
}

hosts() {
    for each in "$(uname -n)" "$(head -n 1 "$root/etc/hostname" 2>/dev/null)"; do
        hide "$each" HOST
        hide "${each%%.*}" HOST
    done
}

uuid=00000000-0000-0000-0000-000000000000
hex='[0-9A-Fa-f]'
# Names of values that are nobody's business: some wherever they stand in a word, others as whole words.
secret='[Pp][Aa][Ss][Ss](([Ww]([Oo][Rr])?)?[Dd]|[Pp][Hh][Rr][Aa][Ss][Ee])?|[Ss][Ee][Cc][Rr][Ee][Tt]'
secret="$secret|[Tt][Oo][Kk][Ee][Nn]|[Aa][Pp][Ii][-_]?[Kk][Ee][Yy]|[Hh][Oo][Ss][Tt][Nn][Aa][Mm][Ee]"
words='[Ss][Ee][Rr][Ii][Aa][Ll]|[Uu][Ss][Ee][Rr]([Nn][Aa][Mm][Ee])?|osk|data|string|[Kk][Ee][Yy]|machine_id|(PART)?UUID'
words="$words|(PART)?LABEL|SRC|DST|asset|sku|wwn|nfsroot|iqn"
pair="(($secret|(^|[^A-Za-z])($words))[\"']?[[:space:]]?[=][[:space:]]?)"
scrub_rules="
s/$hex{8}-($hex{4}-){3}$hex{12}/$uuid/g
s/($hex{2}[:-]){5,}$hex{2}/00:00:00:00:00:00/g
s/(^|[^0-9A-Fa-f.])$hex{4}\\.$hex{4}\\.$hex{4}([^0-9A-Fa-f.]|\$)/\\1(MAC)\\2/g
s/([Ff][Ee]80:|($hex{1,4}:){7})[0-9A-Fa-f:]+/(IPv6)/g
s/([Ss]erial ?([Nn]umber|[Nn]o\\.?|#)[[:space:]]*[:=]?[[:space:]]*).*/\\1(left out)/
s/(S\\/N[:= ]+)[^ ,]+/\\1(left out)/g
s/([Aa]sset [Tt]ag:[[:space:]]*).*/\\1(left out)/
s/((wwn|naa|eui)[-.:=]?(0x)?)$hex{12,}/\\1(left out)/g
s#/dev/disk/by-([a-z]+)/[^],;<>\"'[:space:]]+#/dev/disk/by-\\1/(left out)#g
s#(/home|/Users)/[^]/,;<>\"'[:space:]]+#\\1/USER#g
s#(://)[^/@[:space:]]+:[^/@[:space:]]+@#\\1#g
s/([Hh]ostname set to <)[^>]*/\\1HOST/
s/$pair\"[^\"]*\"/\\1\"***\"/g
s/$pair'[^']*'/\\1'***'/g
s/${pair}[^],;<>\"'[:space:]]+/\\1***/g
s/((cipassword|passw(or)?d|ciuser|sshkeys|vncpasswd)[\"']?:[[:space:]]*).*/\\1***/
s/(ssh-(rsa|ed25519|dss)|ecdsa-[a-z0-9-]+)[ %][^[:space:]]+/\\1 ***/g
s/^([A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8}(\\.[0-9]+)? )[^ ]+ /\\1HOST /
s/^([0-9]{4}-[0-9-]{5}T[0-9:.,+Z-]+ )[^ ]+ /\\1HOST /
"
# One VM's configuration says more that is nobody's business: notes, names, SMBIOS, clouds, snapshots.
# shellcheck disable=SC2016
vm_rules='
/^[[:space:]]*#/d
/^(name|description|tags|smbios1|vmgenid|ciuser|cipassword|cicustom|sshkeys|searchdomain|nameserver|ipconfig[0-9]+):/d
/<(description|title)>.*<\/(description|title)>/d
/<(description|title)>/,/<\/(description|title)>/d
/<metadata>.*<\/metadata>/d
/<metadata>/,/<\/metadata>/d
/<sysinfo/,/<\/sysinfo>/d
s/<!--.*-->//g
/<!--/,/-->/d
s/(<(serial|wwn|password|passwd|secret)>)[^<]*/\1***/g
'
# shellcheck disable=SC2016  # awk's own variables
scrub_names='
function word(letter) { return letter ~ /[A-Za-z0-9]/ }
function without(line, name, by,    rest, out, at, size) {
    out = ""; size = length(name); rest = tolower(line)
    while ((at = index(rest, name)) > 0) {
        before = at > 1 ? substr(line, at - 1, 1) : substr(out, length(out), 1)
        out = out substr(line, 1, at - 1)
        out = out ((word(before) || word(substr(line, at + size, 1))) ? substr(line, at, size) : by)
        line = substr(line, at + size); rest = substr(rest, at + size)
    }
    return out line
}
BEGIN { count = split(ENVIRON["NAMES"], rows, "\n"); for (i = 1; i <= count; i++) split(rows[i], pair, "\t") }
{
    line = $0
    for (i = 1; i <= count; i++) if (split(rows[i], pair, "\t") == 2) line = without(line, pair[1], pair[2])
    print line
}'
# A device serial number is an extended capability, 0003, in eight bytes of configuration space.
# shellcheck disable=SC2016
no_dsn='
!/^[0-9a-f][0-9a-f][0-9a-f]: / { print; left = gone = 0; next }
{
    for (i = 2; i <= NF; i++) {
        if (gone) { $i = "00"; gone--; continue }
        if (!left && (i - 2) % 4 == 0 && $i == "03" && $(i + 1) == "00" && $(i + 2) ~ /1$/) left = 4
        if (left && !--left) gone = 8
    }
    print
}'
# Of an EDID the serial number (12-15) and its text (descriptor FF) go, and the checksum is made right. Of a file that
# is an EDID, extensions other than CEA's, which may repeat them, are dropped. An OpRegion may have the panel's inside.
# shellcheck disable=SC2016
no_edid_serial='
{ for (i = 1; i <= NF; i++) byte[size++] = $i + 0 }
function is_edid(at,    i) {
    if (byte[at] != 0 || byte[at + 7] != 0) return 0
    for (i = 1; i < 7; i++) if (byte[at + i] != 255) return 0
    return at + 128 <= size
}
function clean(at,    i, j, sum) {
    for (i = 12; i < 16; i++) byte[at + i] = 0
    for (i = 54; i < 126; i += 18) {
        if (byte[at + i] || byte[at + i + 1] || byte[at + i + 3] != 255) continue
        for (j = 5; j < 18; j++) byte[at + i + j] = 32
    }
    for (i = 0; i < 127; i++) sum += byte[at + i]
    byte[at + 127] = (256 - sum % 256) % 256
}
END {
    whole = is_edid(0)
    if (whole) {
        kept = 128
        for (at = 128; at + 128 <= size; at += 128) {
            if (byte[at] != 2) continue
            for (i = 0; i < 128; i++) byte[kept + i] = byte[at + i]
            kept += 128
        }
        size = kept; byte[126] = kept / 128 - 1
    }
    for (at = 0; at + 128 <= size; at++) if (is_edid(at)) clean(at)
    for (i = 0; i < size; i++) printf "\\0%03o%s", byte[i], (i % 16 == 15 ? "\n" : "")
    if (size % 16) printf "\n"
}'

scrub() { # standard input is text
    tr -d '\000' | sed -E "$scrub_rules" | NAMES=$names awk "$scrub_names"
}

bytes_scrubbed() { # FILE to standard output, without the serial numbers of EDIDs
    od -An -v -tu1 "$1" | awk "$no_edid_serial" | while read -r row; do printf '%b' "$row"; done
}

# --- how things are taken --------------------------------------------------------------------------------------------

note() {
    printf '%s\n' "$*"
    printf '%s\n' "$*" | scrub >>"$work/list"
}

take() { # take FILE WHAT COMMAND...: what the command prints becomes FILE
    file=$1 what=$2
    shift 2
    "$@" 2>/dev/null | head -n "$most" | scrub >"$out/$file"
    taken "$file" "$what"
}

take_ours() { # the same, below a line that says that it is no dump of a known form
    file=$1 what=$2
    shift 2
    "$@" 2>/dev/null | head -n "$most" | scrub >"$work/text"
    if [ -s "$work/text" ]; then
        { printf '%s %s\n\n' "$made_by" "$what" && cat "$work/text"; } >"$out/$file"
    fi
    taken "$file" "$what"
}

take_bytes() { # take_bytes FILE WHAT PATH: a binary file
    bytes_scrubbed "$3" 2>/dev/null >"$out/$1"
    taken "$1" "$2"
}

taken() {
    if [ -s "$out/$1" ]; then
        note "$2: $1, $(($(wc -c <"$out/$1"))) bytes"
    else
        rm -f "$out/$1"
        note "$2: nothing"
    fi
}

with_names() { # with_names FILE...: each line that a file has, after the file's name
    for each in "$@"; do
        [ -f "$each" ] && sed "s#^#${each#"$root"}: #" "$each" 2>/dev/null
    done
}

has() { command -v "$1" >/dev/null 2>&1; }

# --- PCI -------------------------------------------------------------------------------------------------------------

rows() { # bytes in hexadecimal on standard input, as lspci -xxx has them
    awk '{ for (i = 1; i <= NF; i++) byte[size++] = $i }
         END {
             for (i = 0; i < size; i++) printf "%s %s", (i % 16 ? "" : sprintf("%s%02x:", (i ? "\n" : ""), i)), byte[i]
             printf "\n\n"
         }'
}

config_of() { # config_of 00:02.0: a function's bytes, "" where there is none
    if [ "$system" = FreeBSD ]; then
        slot=${1#*:}
        pciconf -rb "pci0:0:$((0x${slot%.*})):${slot#*.}" 0:255 2>/dev/null
    else
        od -An -v -tx1 "$root/sys/bus/pci/devices/0000:$1/config" 2>/dev/null
    fi
}

by_hand() { # what lspci -nxxx would say
    for each in "$@"; do
        bytes=$(config_of "$each")
        [ -n "$bytes" ] || continue
        # shellcheck disable=SC2086  # each byte is a word
        set -- $bytes
        [ $# -ge 16 ] || continue
        [ "$1$2" != ffff ] || continue
        printf '%s %s%s: %s%s:%s%s\n' "$each" "${12}" "${11}" "$2" "$1" "$4" "$3"
        printf '%s\n' "$bytes" | rows
    done
}

pci_functions() {
    if [ "$system" != FreeBSD ] && has lspci; then
        for each in $functions; do
            case $each in
            00:02.0) lspci -nnvvvxxxx -s 00:02 ;;
            *) lspci -nnvvvxxxx -s "$each" ;;
            esac
        done
    else
        # shellcheck disable=SC2086
        by_hand $functions 00:02.1
    fi | awk "$no_dsn"
}

pci_rest() {
    if [ "$system" = FreeBSD ]; then pciconf -l; else lspci -nn; fi
}

groups() { # as scripts print them with lspci -nns
    for each in "$root"/sys/kernel/iommu_groups/*/devices/*; do
        [ -e "$each" ] || continue
        group=${each%/devices/*} at="$root/sys/bus/pci/devices/${each##*/}"
        driver=$(readlink "$at/driver" 2>/dev/null)
        code=$(sed 's/^0x\(....\).*/\1/' "$at/class")
        ids=$(sed 's/^0x//' "$at/vendor"):$(sed 's/^0x//' "$at/device")
        printf 'IOMMU Group %s %s %s: %s\n' "${group##*/}" "${each##*/}" "$code" "$ids"
        [ -z "$driver" ] || printf '\tKernel driver in use: %s\n' "${driver##*/}"
    done
}

# --- the kernel ------------------------------------------------------------------------------------------------------

kernel_log() { # from the boot's first line on, wherever that still is
    dmesg >"$work/dmesg" 2>/dev/null
    if grep -Eq 'e820|^Copyright \(c\)' "$work/dmesg"; then
        cat "$work/dmesg"
    elif has journalctl && journalctl -k -b -o short-monotonic --no-hostname >"$work/journal" 2>/dev/null &&
        grep -q e820 "$work/journal"; then
        cat "$work/journal"
    else
        cat "$root/var/run/dmesg.boot" 2>/dev/null
        cat "$work/dmesg"
    fi
}

memory_map() {
    for each in "$root"/sys/firmware/memmap/*; do
        [ -r "$each/start" ] || continue
        read -r start <"$each/start" && read -r end <"$each/end" && read -r kind <"$each/type" &&
            printf '%s %s %s\n' "${start#0x}" "${end#0x}" "$kind"
    done | while read -r start end kind; do
        printf 'firmware-memmap: [mem 0x%016x-0x%016x] %s\n' "0x$start" "0x$end" "$kind"
    done | sort
}

kernel_options() {
    {
        gzip -dc "$root/proc/config.gz" 2>/dev/null || cat "$root/boot/config-$(uname -r)"
    } | grep -E 'VFIO|IOMMU|_I915|DRM_XE|VGA_ARB|DEVMEM|FB_EFI|FB_SIMPLE|SYSFB|SIMPLEDRM|FIRMWARE_MEMMAP'
}

parameters() {
    for each in vfio vfio_pci vfio_pci_core vfio_iommu_type1 i915 xe kvm kvm_intel xen_pciback; do
        with_names "$root/sys/module/$each/parameters"/*
    done
    with_names "$root"/etc/modprobe.d/*.conf "$root"/boot/config/vfio-pci.cfg "$root"/boot/loader.conf |
        grep -E 'vfio|i915|xe|kvm|blacklist|snd|pciback|pptdevs|vmm|BIND'
    [ "$system" != FreeBSD ] || kldstat
}

board() {
    if [ "$system" = FreeBSD ]; then
        kenv | grep -E '^smbios\.(bios\.(vendor|version|reldate)|(system|planar)\.(maker|product))='
        return
    fi
    for each in sys_vendor product_name board_vendor board_name bios_vendor bios_version bios_date; do
        with_names "$root/sys/class/dmi/id/$each"
    done
}

# --- graphics --------------------------------------------------------------------------------------------------------

in_use() { # whether a guest has the device: somebody holds its VFIO group open
    group=$(readlink "$device/iommu_group" 2>/dev/null)
    [ -n "$group" ] || return 1
    # shellcheck disable=SC2010,SC2012  # what a link points at is asked of ls, for all at once
    ls -l "$root"/proc/[0-9]*/fd 2>/dev/null | grep -Eq "/dev/vfio/(${group##*/}|devices/vfio[0-9]+)\$"
}

option_rom() { # only while the device is idle: no driver, or vfio-pci without a guest; or the copy in RAM at C0000
    device=$root/sys/bus/pci/devices/0000:00:02.0
    [ -e "$device/rom" ] || return
    driver=$(readlink "$device/driver" 2>/dev/null)
    driver=${driver##*/}
    shadow=$(sed -n '7s/^0x0*c0000 .*/yes/p' "$device/resource" 2>/dev/null)
    if in_use; then
        note 'option ROM: not read, a VM uses the device: shut it down, and start this again'
        return
    elif [ -n "$driver" ] && [ "$driver" != vfio-pci ] && [ -z "$shadow" ]; then
        note "option ROM: not read, $driver drives the device and its ROM is no copy in RAM"
        return
    fi
    note "option ROM: read now, the device is idle${shadow:+ or its ROM a copy in RAM} (driver: ${driver:-none})"
    rom=$out/pci-00-02.0.rom
    cat "$device/rom" >"$rom" 2>/dev/null
    if [ ! -s "$rom" ]; then # it answers only while it is enabled
        rom_on=$device/rom
        printf 1 >"$rom_on" 2>/dev/null
        cat "$device/rom" >"$rom" 2>/dev/null
        printf 0 >"$rom_on" 2>/dev/null
        rom_on=
    fi
    taken pci-00-02.0.rom 'option ROM'
}

graphics() {
    for name in $debug_files; do
        found=
        for each in "$root"/sys/kernel/debug/dri/*/"$name"; do
            [ -n "$found" ] || [ ! -r "$each" ] || found=$each
        done
        if [ -n "$found" ]; then
            take_bytes "$name" "$name from debugfs" "$found"
        else
            note "$name from debugfs: nothing (i915 has to drive the device, and debugfs to be mounted)"
        fi
    done
    for each in "$root"/sys/class/drm/card*-*/edid; do
        connector=${each%/edid}
        [ "$(cat "$connector/status" 2>/dev/null)" = connected ] || continue
        connector=${connector##*/}
        connector=${connector#card*-}
        take_bytes "$connector.edid" "EDID of $connector" "$each"
    done
    take_ours connectors.txt 'connectors' with_names "$root"/sys/class/drm/card*-*/status "$root/proc/fb"
    option_rom
}

# --- VMs -------------------------------------------------------------------------------------------------------------

vms=0
take_vm() { # take_vm KIND NAME PATH: one VM's configuration, under a name of ours
    vms=$((vms + 1))
    vm=vm-$vms
    [ "$1" != proxmox ] || vm=vm-$2
    hide "$2" "$vm"
    hide "$(sed -n 's/^name: *//p' "$3" | head -n 1)" "$vm"
    printf 'In the archive %s stands for %s.\n' "$vm" "$2"
    rules=$vm_rules
    case $1 in
    libvirt) file=$vm.xml ;;
    xl) file=$vm.cfg ;;
    *) file=$vm.conf rules="$vm_rules/^\\[/,\$d" ;; # what follows are snapshots
    esac
    take "$file" "configuration of $vm" sed -E "$rules" "$3"
}

last_log() { # last_log FILE WHAT PATH...: the newest of the files
    file=$1 what=$2
    shift 2
    newest=
    for each in "$@"; do
        [ -f "$each" ] || continue
        if [ -z "$newest" ] || [ -n "$(find "$each" -newer "$newest" 2>/dev/null)" ]; then newest=$each; fi
    done
    [ -z "$newest" ] || take "$file" "$what" tail -n 2000 "$newest"
}

machines() {
    for each in "$root"/etc/pve/qemu-server/*.conf; do
        grep -q '^hostpci' "$each" 2>/dev/null || continue
        id=${each##*/}
        id=${id%.conf}
        take_vm proxmox "$id" "$each"
        last_log "qemu-$id.log" "what QEMU said when $vm started" "$root"/var/log/pve/tasks/*/*":qmstart:$id:"*
    done
    for each in "$root"/etc/libvirt/qemu/*.xml; do
        grep -q '<hostdev' "$each" 2>/dev/null || continue
        name=${each##*/}
        name=${name%.xml}
        take_vm libvirt "$name" "$each"
        last_log "qemu-$vms.log" "QEMU's log of $vm" "$root/var/log/libvirt/qemu/$name.log"
    done
    for each in "$root"/etc/xen/*.cfg "$root"/etc/xen/*.hvm; do
        grep -Eq '^[[:space:]]*(gfx_passthru|pci)[[:space:]]*=' "$each" 2>/dev/null || continue
        name=$(sed -n "s/^[[:space:]]*name[[:space:]]*=[[:space:]]*[\"']\\([^\"']*\\).*/\\1/p" "$each" | head -n 1)
        [ -n "$name" ] || { name=${each##*/} && name=${name%.*}; }
        take_vm xl "$name" "$each"
        last_log "qemu-$vms.log" "QEMU's log of $vm" "$root/var/log/xen/qemu-dm-$name.log"
    done
    [ "$vms" = 0 ] || return
    take qemu-running.txt 'command lines of VMs that run' running
}

running() {
    if [ "$system" = FreeBSD ]; then
        # shellcheck disable=SC2009  # pgrep does not print arguments
        ps -axww -o args | grep -E '^[^ ]*bhyve.* passthru'
        return
    fi
    for each in "$root"/proc/[0-9]*/cmdline; do
        line=$(tr '\000' ' ' <"$each" 2>/dev/null)
        case $line in
        *grep*) ;;
        *qemu*vfio-pci* | *kvm*vfio-pci* | *crosvm*vfio* | *acrn-dm*passthru*) printf '%s\n' "$line" | without_name ;;
        esac
    done
}

without_name() { sed -E 's/( -name )[^ ]+/\1vm/'; }

versions() {
    uname -srvm
    with_names "$root/etc/unraid-version" "$root/etc/xensource-inventory" |
        grep -E 'version|PRODUCT_VERSION|XEN_VERSION|KERNEL_VERSION'
    for each in qemu-system-x86_64 /usr/bin/kvm /usr/libexec/qemu-kvm; do
        if has "$each"; then "$each" --version | head -n 1 && break; fi
    done
    if has pveversion; then pveversion -v | grep -E 'pve-manager|kernel|qemu|edk2'; fi
    packages='qemu|seabios|ovmf|edk2|libvirt|bhyve|uefi-edk2|vm-bhyve|^xen'
    {
        if has dpkg-query; then dpkg-query -W; fi
        if has pacman; then pacman -Q; fi
        if has rpm; then rpm -qa; fi
        if has pkg; then pkg query "%n %v"; fi
    } | grep -E "$packages"
    if has xl; then xl info | grep -E '^(xen_|virt_caps|xen_commandline)'; fi
}

# ---------------------------------------------------------------------------------------------------------------------

system=$(uname -s)
hosts
machines # first: names of VMs that it finds are left out of all that follows
take lspci.txt 'PCI functions' pci_functions
take lspci-rest.txt 'list of the rest' pci_rest
take iommu-groups.txt 'IOMMU groups' groups
take dmesg.txt 'kernel log' kernel_log
take iomem.txt '/proc/iomem' cat "$root/proc/iomem"
take_ours cmdline.txt '/proc/cmdline' cat "$root/proc/cmdline"
take firmware-memmap.txt "firmware's memory map" memory_map
take_ours kernel-options.txt "kernel's options" kernel_options
take_ours parameters.txt 'parameters of modules' parameters
take_ours board.txt 'board' board
take_ours versions.txt 'versions' versions
if has xl; then take xl-dmesg.txt 'xl dmesg' xl dmesg; fi
graphics
{ printf '%s what was collected, and what was not\n\n' "$made_by" && cat "$work/list"; } >"$out/capture.txt"
{
    (cd "$work" && { tar --numeric-owner -cf igd.tar igd-capture 2>/dev/null || tar -cf igd.tar igd-capture; }) &&
        gzip -c "$work/igd.tar" >"$archive"
} || die "cannot write $archive"
printf '\n%s is made, and nothing was sent. Look through it (tar -tzf %s), then: fwsim diagnose %s\n' \
    "$archive" "$archive" "$archive"
