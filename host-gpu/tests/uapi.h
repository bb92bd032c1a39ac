/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include <drm.h>
#include <xe_drm.h>

/* The calls' numbers hold the size of what they take. bindgen evaluates constants, no macros. */
static const unsigned int IOCTL_VERSION = DRM_IOCTL_VERSION;
static const unsigned int IOCTL_GET_CAP = DRM_IOCTL_GET_CAP;
static const unsigned int IOCTL_SYNCOBJ_CREATE = DRM_IOCTL_SYNCOBJ_CREATE;
static const unsigned int IOCTL_SYNCOBJ_DESTROY = DRM_IOCTL_SYNCOBJ_DESTROY;
static const unsigned int IOCTL_SYNCOBJ_TIMELINE_WAIT = DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT;
static const unsigned int IOCTL_SYNCOBJ_QUERY = DRM_IOCTL_SYNCOBJ_QUERY;
static const unsigned int IOCTL_SYNCOBJ_TIMELINE_SIGNAL = DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL;
static const unsigned int IOCTL_SYNCOBJ_EVENTFD = DRM_IOCTL_SYNCOBJ_EVENTFD;
static const unsigned int IOCTL_XE_DEVICE_QUERY = DRM_IOCTL_XE_DEVICE_QUERY;
static const unsigned int IOCTL_XE_VM_CREATE = DRM_IOCTL_XE_VM_CREATE;
static const unsigned int IOCTL_XE_VM_DESTROY = DRM_IOCTL_XE_VM_DESTROY;
static const unsigned int IOCTL_XE_VM_BIND = DRM_IOCTL_XE_VM_BIND;
static const unsigned int IOCTL_XE_EXEC_QUEUE_CREATE = DRM_IOCTL_XE_EXEC_QUEUE_CREATE;
static const unsigned int IOCTL_XE_EXEC_QUEUE_DESTROY = DRM_IOCTL_XE_EXEC_QUEUE_DESTROY;
static const unsigned int IOCTL_XE_EXEC_QUEUE_GET_PROPERTY = DRM_IOCTL_XE_EXEC_QUEUE_GET_PROPERTY;
static const unsigned int IOCTL_XE_EXEC = DRM_IOCTL_XE_EXEC;
