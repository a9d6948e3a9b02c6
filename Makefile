# SPDX-License-Identifier: GPL-2.0
# What a person types; kbuild reads Kbuild. Every target installs what it needs (scripts/setup).

# The kernel to build for: 6.1, 6.12, debug, or a release with headers in /lib/modules.
running := $(shell uname -r)
KVER ?= $(if $(wildcard /lib/modules/$(running)/build),$(running),6.1)
# The kernel to boot.
GUEST ?= $(if $(filter $(KVER),6.1 6.12 debug),$(KVER),6.1)
# Parameters for insmod.
ARGS ?=

help:
	@echo 'make demo        watch shared memory being swapped, in a guest'
	@echo 'make test        every test: KUnit, then end to end on a stock 6.1 and a stock 6.12'
	@echo 'make test-debug  end to end on a kernel with KASAN, lockdep, kmemleak and UBSAN'
	@echo 'make vm          a shell in a guest with the module loaded      [GUEST=6.1|6.12|debug]'
	@echo 'make modules     build shmswap.ko into build/KVER               [KVER=$(KVER)]'
	@echo 'make insmod      build for this machine and load it here        [ARGS="frames=64 ..."]'
	@echo 'make tools       shmswapctl; libshmswap.so and shmswap-run for unmodified programs: build/tools'
	@echo 'make install     module into /lib/modules, tools below PREFIX   [PREFIX=/usr/local DESTDIR=]'
	@echo 'make check       W=1, sparse, checkpatch and shellcheck, on both stock kernels'
	@echo 'make bench       instruction counts, and the kernel'\''s own beside them'
	@echo 'make clean       remove build/ (what scripts/setup fetched stays in its cache)'

modules:
	@scripts/build $(KVER)

vm:
	@scripts/vm --kernel $(GUEST)

demo test check bench:
	@scripts/$@

test-debug:
	@scripts/test debug

# devtmpfs makes /dev/shmswap with the mode that the module asks for: no udev rule is needed.
insmod: here
	@! grep -q '^shmswap ' /proc/modules || { echo 'shmswap is loaded already: rmmod shmswap' >&2; exit 1; }
	insmod build/$(running)/shmswap.ko $(ARGS)

tools:
	@scripts/setup user
	@$(MAKE) --no-print-directory -C tools

install: here install-tools
	$(MAKE) -C /lib/modules/$(running)/build M=$(CURDIR)/build/$(running) \
		INSTALL_MOD_PATH=$(DESTDIR) modules_install
	depmod $(DESTDIR:%=-b %) $(running)

install-tools: tools
	@$(MAKE) --no-print-directory -C tools install

here:
	@scripts/build $(running)

clean:
	rm -rf build

.PHONY: help modules vm demo test test-debug check bench tools insmod install install-tools here clean
