; SPDX-License-Identifier: GPL-2.0-or-later
; Made by build.py: the byte that makes the sum of the image zero, and the VBT's own.
%define ROM_CHECKSUM 0xCD
%define VBT_CHECKSUM 0x76
