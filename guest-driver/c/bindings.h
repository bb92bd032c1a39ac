/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Input of the driver's own bindgen run: what kernel::bindings does not have.
 * <linux/hrtimer_types.h> comes first, as in the kernel's own list, so that bindgen
 * sees no forward reference to an enum.
 */
#include <linux/hrtimer_types.h>

#include <linux/anon_inodes.h>
#include <linux/dma-fence-array.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/shmem_fs.h>
#include <linux/sync_file.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci_modern.h>
#include <linux/virtio_ring.h>
#include <linux/workqueue.h>
#include <linux/zlib.h>
#include <drm/drm_syncobj.h>

#include "helpers.h"
#include "igpu_trace.h"
