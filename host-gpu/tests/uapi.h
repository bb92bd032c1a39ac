/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include <drm.h>
#include <i915_drm.h>
#include <xe_drm.h>
#include <linux/udmabuf.h>

/* Flags that the header has as expressions of a type. */
static const unsigned long long EXEC_USE_EXTENSIONS = I915_EXEC_USE_EXTENSIONS;
static const unsigned long long EXEC_BATCH_FIRST = I915_EXEC_BATCH_FIRST;
static const unsigned long long EXEC_NO_RELOC = I915_EXEC_NO_RELOC;
static const unsigned long long OBJECT_PINNED = EXEC_OBJECT_PINNED;
static const unsigned long long OBJECT_48B = EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
static const unsigned long long OBJECT_ASYNC = EXEC_OBJECT_ASYNC;
static const unsigned long long FENCE_WAIT = I915_EXEC_FENCE_WAIT;
static const unsigned long long FENCE_SIGNAL = I915_EXEC_FENCE_SIGNAL;

/* The calls' numbers hold the size of what they take. bindgen evaluates constants, no macros. */
static const unsigned int IOCTL_VERSION = DRM_IOCTL_VERSION;
static const unsigned int IOCTL_GET_CAP = DRM_IOCTL_GET_CAP;
static const unsigned int IOCTL_SYNCOBJ_CREATE = DRM_IOCTL_SYNCOBJ_CREATE;
static const unsigned int IOCTL_SYNCOBJ_DESTROY = DRM_IOCTL_SYNCOBJ_DESTROY;
static const unsigned int IOCTL_SYNCOBJ_TIMELINE_WAIT = DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT;
static const unsigned int IOCTL_SYNCOBJ_QUERY = DRM_IOCTL_SYNCOBJ_QUERY;
static const unsigned int IOCTL_SYNCOBJ_TIMELINE_SIGNAL = DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL;
static const unsigned int IOCTL_SYNCOBJ_EVENTFD = DRM_IOCTL_SYNCOBJ_EVENTFD;
static const unsigned int IOCTL_SYNCOBJ_HANDLE_TO_FD = DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD;
static const unsigned int IOCTL_SYNCOBJ_FD_TO_HANDLE = DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE;
static const unsigned int IOCTL_UDMABUF_CREATE_LIST = UDMABUF_CREATE_LIST;
static const unsigned int IOCTL_PRIME_FD_TO_HANDLE = DRM_IOCTL_PRIME_FD_TO_HANDLE;
static const unsigned int IOCTL_I915_GEM_SET_CACHING = DRM_IOCTL_I915_GEM_SET_CACHING;
static const unsigned int IOCTL_GEM_CLOSE = DRM_IOCTL_GEM_CLOSE;
static const unsigned int IOCTL_I915_GETPARAM = DRM_IOCTL_I915_GETPARAM;
static const unsigned int IOCTL_I915_QUERY = DRM_IOCTL_I915_QUERY;
static const unsigned int IOCTL_I915_REG_READ = DRM_IOCTL_I915_REG_READ;
static const unsigned int IOCTL_I915_GEM_THROTTLE = DRM_IOCTL_I915_GEM_THROTTLE;
static const unsigned int IOCTL_I915_GEM_USERPTR = DRM_IOCTL_I915_GEM_USERPTR;
static const unsigned int IOCTL_I915_GEM_VM_CREATE = DRM_IOCTL_I915_GEM_VM_CREATE;
static const unsigned int IOCTL_I915_GEM_VM_DESTROY = DRM_IOCTL_I915_GEM_VM_DESTROY;
static const unsigned int IOCTL_I915_GEM_CONTEXT_CREATE_EXT = DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT;
static const unsigned int IOCTL_I915_GEM_CONTEXT_DESTROY = DRM_IOCTL_I915_GEM_CONTEXT_DESTROY;
static const unsigned int IOCTL_I915_GEM_CONTEXT_GETPARAM = DRM_IOCTL_I915_GEM_CONTEXT_GETPARAM;
static const unsigned int IOCTL_I915_GEM_CONTEXT_SETPARAM = DRM_IOCTL_I915_GEM_CONTEXT_SETPARAM;
static const unsigned int IOCTL_I915_GET_RESET_STATS = DRM_IOCTL_I915_GET_RESET_STATS;
static const unsigned int IOCTL_I915_GEM_EXECBUFFER2 = DRM_IOCTL_I915_GEM_EXECBUFFER2;
static const unsigned int IOCTL_XE_DEVICE_QUERY = DRM_IOCTL_XE_DEVICE_QUERY;
static const unsigned int IOCTL_XE_VM_CREATE = DRM_IOCTL_XE_VM_CREATE;
static const unsigned int IOCTL_XE_VM_DESTROY = DRM_IOCTL_XE_VM_DESTROY;
static const unsigned int IOCTL_XE_VM_BIND = DRM_IOCTL_XE_VM_BIND;
static const unsigned int IOCTL_XE_EXEC_QUEUE_CREATE = DRM_IOCTL_XE_EXEC_QUEUE_CREATE;
static const unsigned int IOCTL_XE_EXEC_QUEUE_DESTROY = DRM_IOCTL_XE_EXEC_QUEUE_DESTROY;
static const unsigned int IOCTL_XE_EXEC_QUEUE_GET_PROPERTY = DRM_IOCTL_XE_EXEC_QUEUE_GET_PROPERTY;
static const unsigned int IOCTL_XE_EXEC = DRM_IOCTL_XE_EXEC;
