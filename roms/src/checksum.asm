; SPDX-License-Identifier: GPL-2.0-or-later
; Made by build.py: the bytes that make the sums of the images zero, and the VBT's own.
%ifdef PAIR
%define ROM_CHECKSUM 0x46
%else
%define ROM_CHECKSUM 0xCD
%endif
%define VBT_CHECKSUM 0x76
