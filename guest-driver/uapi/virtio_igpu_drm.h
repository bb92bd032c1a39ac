/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT) */
/*
 * The part of virtio-igpu's user interface that <drm/i915_drm.h> does not have.
 *
 * virtio-igpu's guest driver answers to the name "i915" and to the ioctls of
 * <drm/i915_drm.h>. On top of those it offers VM_BIND: address spaces in which
 * userspace itself decides what is mapped where. Mappings stay until they are
 * taken away, and a submission (EXECBUFFER3) names nothing but the address of its
 * batch. The layouts are those of the i915 VM_BIND RFC, which the kernel's
 * documentation holds as gpu/rfc/i915_vm_bind. Two of its numbers have been given
 * to other things in the mainline driver since; they have values of our own here,
 * far above what mainline hands out.
 *
 * GPU addresses have 48 bits. One at or above 1 << 47 is given in canonical form, as
 * EXECBUFFER2 wants it: bits 63 to 48 are copies of bit 47.
 *
 * The header compiles as C and as C++, in userspace and in the kernel.
 */
#ifndef VIRTIO_IGPU_DRM_H
#define VIRTIO_IGPU_DRM_H

/*
 * The kernel's headers keep i915_drm.h in drm/. libdrm's (Debian: libdrm-dev) lie in a
 * folder that `pkg-config --cflags libdrm` puts on the search path.
 */
#if defined(__has_include) && !defined(__KERNEL__)
#if __has_include(<drm/i915_drm.h>)
#include <drm/i915_drm.h>
#else
#include <i915_drm.h>
#endif
#else
#include <drm/i915_drm.h>
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: Finding out whether VM_BIND is there
 *
 * I915_PARAM_VM_BIND_VERSION is a parameter of DRM_IOCTL_I915_GETPARAM. A driver
 * that does not know it answers EINVAL. The values are:
 *
 * 0: there is no VM_BIND.
 *
 * 1: a bind is refused where any of its range is in use, and an unbind takes away
 *    exactly one mapping, as it was made.
 *
 * 2: a bind replaces whatever its range holds, and an unbind may cover a part of
 *    a mapping (which splits it), several mappings, and holes.
 */
#define I915_PARAM_VM_BIND_VERSION		0x10039

/**
 * DOC: Beyond the RFC
 *
 * What this driver offers in addition to the RFC is asked for by flags and chained
 * structures of its own, marked "extension" below. Nothing of it takes effect unless it is
 * asked for. I915_PARAM_VM_BIND_EXTENSIONS is a parameter of DRM_IOCTL_I915_GETPARAM whose
 * bits say what there is; with version 1 it is 0.
 */
#define I915_PARAM_VM_BIND_EXTENSIONS		0x10100
/* I915_GEM_VM_BIND_READONLY is known. */
#define I915_VM_BIND_HAS_READONLY		(1 << 0)
/* I915_GEM_VM_BIND_NULL is known. */
#define I915_VM_BIND_HAS_NULL			(1 << 1)
/* struct drm_i915_gem_vm_bind_ext_fences is known. */
#define I915_VM_BIND_HAS_FENCES			(1 << 2)
/* struct drm_i915_gem_vm_bind_ext_ops is known. */
#define I915_VM_BIND_HAS_OPS			(1 << 3)

/**
 * DOC: An address space in VM_BIND mode
 *
 * This bit in the flags of struct drm_i915_gem_vm_control, given to
 * DRM_IOCTL_I915_GEM_VM_CREATE, makes an address space for VM_BIND. The choice is
 * for life: DRM_IOCTL_I915_GEM_VM_BIND, _VM_UNBIND and _EXECBUFFER3 work on such
 * an address space alone, DRM_IOCTL_I915_GEM_EXECBUFFER2 on all others alone; the
 * wrong pairing is EOPNOTSUPP. A context on such an address space has to be made
 * non-recoverable (I915_CONTEXT_PARAM_RECOVERABLE = 0).
 */
#define I915_VM_CREATE_FLAGS_USE_VM_BIND	(1u << 0)

/* Command numbers, counted from DRM_COMMAND_BASE. */
#define DRM_I915_GEM_VM_BIND			0x3d
#define DRM_I915_GEM_VM_UNBIND			0x3e
#define DRM_I915_GEM_EXECBUFFER3		0x3f

#define DRM_IOCTL_I915_GEM_VM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_I915_GEM_VM_BIND, struct drm_i915_gem_vm_bind)
#define DRM_IOCTL_I915_GEM_VM_UNBIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_I915_GEM_VM_UNBIND, struct drm_i915_gem_vm_unbind)
#define DRM_IOCTL_I915_GEM_EXECBUFFER3 \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_I915_GEM_EXECBUFFER3, struct drm_i915_gem_execbuffer3)

/**
 * struct drm_i915_gem_timeline_fence - one syncobj to wait for or to signal
 *
 * Says what an operation has to wait for (an in-fence) or what it signals when it
 * is done (an out-fence). A syncobj may be used either way: as a binary one, which
 * carries one fence, or as a timeline, which carries a fence for each point.
 */
struct drm_i915_gem_timeline_fence {
	/** @handle: the syncobj's handle in this file. */
	__u32 handle;

	/**
	 * @flags: any of
	 *
	 * I915_TIMELINE_FENCE_WAIT: the operation starts after this fence.
	 *
	 * I915_TIMELINE_FENCE_SIGNAL: this fence signals after the operation.
	 */
	__u32 flags;
#define I915_TIMELINE_FENCE_WAIT		(1u << 0)
#define I915_TIMELINE_FENCE_SIGNAL		(1u << 1)
/* All bits that are neither of the two. */
#define __I915_TIMELINE_FENCE_UNKNOWN_FLAGS \
	(~(I915_TIMELINE_FENCE_WAIT | I915_TIMELINE_FENCE_SIGNAL))

	/**
	 * @value: the point on the timeline; 0 stands for a binary syncobj's one
	 * fence. A timeline's point 0 is not a point: asking for it would turn the
	 * syncobj into a binary one.
	 */
	__u64 value;
};

/**
 * struct drm_i915_gem_vm_bind - map a section of an object into an address space
 *
 * Argument of DRM_IOCTL_I915_GEM_VM_BIND. The @length bytes of object @handle from
 * @offset on appear at GPU address @start of address space @vm_id, and stay there
 * until they are unbound or (from version 2 on) replaced. The mapping keeps the
 * object's memory alive, also when its handle is closed. One section may be mapped
 * at several places.
 *
 * @start, @offset and @length are multiples of 4 KiB.
 *
 * Errors: EINVAL for an unknown flag, reserved field or extension, for a length of
 * 0, a number that is not aligned, a section that is not inside the object, a range
 * that is not inside the address space, and another address space's private
 * object; ENOENT for an address space, object or fence handle that does not exist;
 * EOPNOTSUPP for an address space that is not in VM_BIND mode. Version 1 only:
 * EEXIST where @start lies in a mapping, ENOSPC for any other overlap.
 */
struct drm_i915_gem_vm_bind {
	/** @vm_id: the address space. */
	__u32 vm_id;

	/** @handle: the object. */
	__u32 handle;

	/** @start: GPU address at which the mapping begins. */
	__u64 start;

	/** @offset: where in the object the section begins, in bytes. */
	__u64 offset;

	/** @length: length of the section, in bytes. */
	__u64 length;

	/**
	 * @flags: 0, or
	 *
	 * I915_GEM_VM_BIND_CAPTURE: the error state of a hang shows this mapping's
	 * contents.
	 *
	 * Extensions, known where I915_PARAM_VM_BIND_EXTENSIONS says so:
	 *
	 * I915_GEM_VM_BIND_READONLY: what the GPU writes to the mapping vanishes.
	 * (i915 has no read-only mappings on Gen11 and Gen12; the virtual GPU has.)
	 *
	 * I915_GEM_VM_BIND_NULL: no memory stands behind the mapping. What the GPU
	 * reads there is 0, and what it writes vanishes, as sparse residency wants it.
	 * @handle and @offset are 0, and there is no other flag.
	 *
	 * @fence has flags of its own.
	 */
	__u64 flags;
#define I915_GEM_VM_BIND_CAPTURE		(1u << 0)
#define I915_GEM_VM_BIND_READONLY		(1ull << 32)
#define I915_GEM_VM_BIND_NULL			(1ull << 33)

	/**
	 * @fence: with I915_TIMELINE_FENCE_SIGNAL the ioctl returns at once and
	 * this fence signals when the GPU sees the mapping; without, the ioctl
	 * returns when that is so. I915_TIMELINE_FENCE_WAIT is refused.
	 *
	 * An EXECBUFFER3 that is called after this ioctl has returned sees the
	 * mapping either way: it need not wait for the fence.
	 */
	struct drm_i915_gem_timeline_fence fence;

	/**
	 * @extensions: chain of struct i915_user_extension. The RFC defines none, so 0;
	 * or, extensions, at most one of each:
	 *
	 * I915_GEM_VM_BIND_EXT_FENCES: struct drm_i915_gem_vm_bind_ext_fences
	 *
	 * I915_GEM_VM_BIND_EXT_OPS: struct drm_i915_gem_vm_bind_ext_ops
	 */
	__u64 extensions;
};

/**
 * struct drm_i915_gem_vm_bind_ext_fences - more fences, to wait for too (extension)
 *
 * Chained to struct drm_i915_gem_vm_bind or struct drm_i915_gem_vm_unbind. The operation,
 * or all operations of an array, is applied after every fence with
 * I915_TIMELINE_FENCE_WAIT; every one with I915_TIMELINE_FENCE_SIGNAL signals when it is.
 * The argument's own fence may be used besides. If any of them has the flag
 * I915_TIMELINE_FENCE_SIGNAL, the ioctl returns at once.
 *
 * The operations of an address space are applied in the order of the calls. So what is
 * called for after this one waits for the same fences: binds, unbinds and EXECBUFFER3.
 *
 * Errors: EINVAL for an unknown flag, for a fence to wait for that does not exist (a
 * syncobj that holds none, a point of a timeline for which nothing has been submitted) and
 * for a point other than 0 both to wait for and to signal; EFAULT for an array that can't
 * be read; ENOENT for a handle that does not exist; E2BIG for more than
 * I915_GEM_VM_BIND_MAX_FENCES.
 */
struct drm_i915_gem_vm_bind_ext_fences {
#define I915_GEM_VM_BIND_EXT_FENCES		0x10003
	/** @base: link of the extension chain. */
	struct i915_user_extension base;

	/** @fence_count: number of entries in @fences. */
	__u32 fence_count;
#define I915_GEM_VM_BIND_MAX_FENCES		1024

	/** @rsvd: reserved, 0. */
	__u32 rsvd;

	/** @fences: pointer to struct drm_i915_gem_timeline_fence[]. */
	__u64 fences;
};

/**
 * struct drm_i915_gem_vm_bind_op - an operation of an array (extension)
 *
 * Means what struct drm_i915_gem_vm_bind or struct drm_i915_gem_vm_unbind with the same
 * fields would.
 */
struct drm_i915_gem_vm_bind_op {
	/** @op: I915_GEM_VM_BIND_OP_BIND or I915_GEM_VM_BIND_OP_UNBIND. */
	__u32 op;
#define I915_GEM_VM_BIND_OP_BIND		0
#define I915_GEM_VM_BIND_OP_UNBIND		1

	/** @handle: the object; 0 for an unbind. */
	__u32 handle;

	/** @start: GPU address at which the range begins. */
	__u64 start;

	/** @offset: where in the object the section begins; 0 for an unbind. */
	__u64 offset;

	/** @length: length of the range, in bytes. */
	__u64 length;

	/** @flags: those of struct drm_i915_gem_vm_bind; 0 for an unbind. */
	__u64 flags;

	/** @rsvd: reserved, 0. */
	__u64 rsvd;
};

/**
 * struct drm_i915_gem_vm_bind_ext_ops - an array of operations (extension)
 *
 * Chained to struct drm_i915_gem_vm_bind, whose fields but vm_id, fence and extensions
 * are then 0. The operations are applied in their order, with one set of fences. All are
 * checked before the first is applied: an error means that nothing was done.
 *
 * An EXECBUFFER3 that is called later sees all of them; a batch that runs meanwhile may see
 * some of them.
 *
 * Errors: those of each operation, the first operation's first; EINVAL for no operation at
 * all, an unknown @op, a reserved field, and fields of the argument that are not 0; E2BIG for
 * more than I915_GEM_VM_BIND_MAX_OPS; EFAULT for an array that can't be read.
 */
struct drm_i915_gem_vm_bind_ext_ops {
#define I915_GEM_VM_BIND_EXT_OPS		0x10004
	/** @base: link of the extension chain. */
	struct i915_user_extension base;

	/** @op_count: number of entries in @ops. */
	__u32 op_count;
#define I915_GEM_VM_BIND_MAX_OPS		4096

	/** @rsvd: reserved, 0. */
	__u32 rsvd;

	/** @ops: pointer to struct drm_i915_gem_vm_bind_op[]. */
	__u64 ops;
};

/**
 * struct drm_i915_gem_vm_unbind - take a range out of an address space
 *
 * Argument of DRM_IOCTL_I915_GEM_VM_UNBIND. After it the GPU finds nothing at the
 * @length bytes from @start on. The RFC leaves it to userspace that no work uses the
 * range any more; this driver takes the range away behind all submissions that were
 * made before, so that they find it. That the range holds nothing is no error.
 *
 * Errors: EINVAL for an unknown flag, reserved field or extension, for a length of
 * 0, a number that is not aligned, and a range that is not inside the address
 * space; ENOENT for an address space or fence handle that does not exist;
 * EOPNOTSUPP for an address space that is not in VM_BIND mode. Version 1 only: EINVAL for a
 * range that holds something else than one whole mapping.
 */
struct drm_i915_gem_vm_unbind {
	/** @vm_id: the address space. */
	__u32 vm_id;

	/** @rsvd: reserved, 0. */
	__u32 rsvd;

	/** @start: GPU address at which the range begins. */
	__u64 start;

	/** @length: length of the range, in bytes. */
	__u64 length;

	/** @flags: reserved, 0. @fence has flags of its own. */
	__u64 flags;

	/** @fence: as in struct drm_i915_gem_vm_bind. */
	struct drm_i915_gem_timeline_fence fence;

	/**
	 * @extensions: chain of struct i915_user_extension. The RFC defines none, so 0;
	 * or, an extension, struct drm_i915_gem_vm_bind_ext_fences.
	 */
	__u64 extensions;
};

/**
 * struct drm_i915_gem_execbuffer3 - run a batch in an address space in VM_BIND mode
 *
 * Argument of DRM_IOCTL_I915_GEM_EXECBUFFER3. The GPU runs the batch at
 * @batch_address on one engine of the context's map. Whatever was bound before this
 * call is there for it; there is no list of objects.
 *
 * Errors, in the order in which they are looked for: EINVAL for a reserved field,
 * flag or extension; for the fences EINVAL (too many, unknown flags, nothing to
 * wait for, one same point waited for and signalled), EFAULT, ENOENT; ENOENT for
 * an unknown context; EOPNOTSUPP if its address space is not in VM_BIND mode;
 * EINVAL without a user engine map or for an index that is not in it; EFAULT for an
 * unreadable array of addresses; EINVAL for an address where nothing is mapped; EIO
 * for a context that was banned.
 */
struct drm_i915_gem_execbuffer3 {
	/** @ctx_id: the context; it must have a user engine map. */
	__u32 ctx_id;

	/** @engine_idx: index into the context's engine map. */
	__u32 engine_idx;

	/**
	 * @batch_address: GPU address of the first command. For an engine made by
	 * struct i915_context_engines_parallel_submit it is a pointer to an array of
	 * addresses, one for each engine of that set.
	 */
	__u64 batch_address;

	/** @flags: reserved, 0. */
	__u64 flags;

	/** @rsvd1: reserved, 0. */
	__u32 rsvd1;

	/** @fence_count: number of entries in @timeline_fences. */
	__u32 fence_count;

	/** @timeline_fences: pointer to struct drm_i915_gem_timeline_fence[]. */
	__u64 timeline_fences;

	/** @rsvd2: reserved, 0. */
	__u64 rsvd2;

	/** @extensions: chain of struct i915_user_extension; none is defined, so 0. */
	__u64 extensions;
};

/**
 * struct drm_i915_gem_create_ext_vm_private - an object for one address space
 *
 * Extension of struct drm_i915_gem_create_ext. The object can be bound in address
 * space @vm_id only, cannot be exported and cannot be used by EXECBUFFER2. In
 * return a submission costs the same however many such objects are bound.
 *
 * Errors of DRM_IOCTL_I915_GEM_CREATE_EXT: EINVAL for a reserved field of @base
 * and for an address space that is not in VM_BIND mode; ENOENT for a @vm_id of 0
 * and one that does not exist.
 */
struct drm_i915_gem_create_ext_vm_private {
#define I915_GEM_CREATE_EXT_VM_PRIVATE		0x10002
	/** @base: link of the extension chain. */
	struct i915_user_extension base;

	/** @vm_id: the address space to which the object belongs. */
	__u32 vm_id;
};

#if defined(__cplusplus)
}
#endif

#endif /* VIRTIO_IGPU_DRM_H */
