/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Input of the bindgen run for the uAPI: i915's header and our additions to it. */
#include <uapi/drm/i915_drm.h>

#include "virtio_igpu_drm.h"
