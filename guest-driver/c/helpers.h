/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Functions and constants of the kernel that exist only as static inlines or macros,
 * made callable from Rust. No decisions here: one line each where that can be.
 */
#ifndef VIRTIO_IGPU_HELPERS_H
#define VIRTIO_IGPU_HELPERS_H

#include <linux/debugfs.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/xarray.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>
#include <drm/drm_syncobj.h>

/* The longest time that can be slept, in milliseconds, and a number of ticks as time. */
u64 igpu_max_schedule_timeout_ms(void);
u64 igpu_jiffies_to_nsecs(unsigned long jiffies);

enum igpu_constants {
	/* HZ is a macro that is defined twice: bindgen would take the first. */
	IGPU_HZ = HZ,
	IGPU_CACHE_LINE = SMP_CACHE_BYTES,
	IGPU_FEATURE_WORDS = VIRTIO_FEATURES_U64S,
};

/* Locks. */
unsigned long igpu_spin_lock_irqsave(spinlock_t *lock);
bool igpu_spin_trylock_irqsave(spinlock_t *lock, unsigned long *flags);
void igpu_spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

/* virtio. */
int igpu_find_vqs(struct virtio_device *vdev, unsigned int count, struct virtqueue **vqs,
		  struct virtqueue_info *infos);
void igpu_del_vqs(struct virtio_device *vdev);
void igpu_device_ready(struct virtio_device *vdev);
bool igpu_has_feature(struct virtio_device *vdev, unsigned int bit);
void igpu_clear_feature(struct virtio_device *vdev, unsigned int bit);
const u64 *igpu_features(const struct virtio_device *vdev);
u8 igpu_get_status(struct virtio_device *vdev);
unsigned int igpu_config_length(struct virtio_device *vdev);
void igpu_read_config(struct virtio_device *vdev, unsigned int offset, void *to,
		      unsigned int length);
unsigned int igpu_buffer_segments(const void *buffer, size_t length);
void igpu_buffer_to_sg(struct scatterlist *sg, unsigned int segments, void *buffer,
		       size_t length);

/* Devices. */
void igpu_device_lock(struct device *dev);
bool igpu_device_trylock(struct device *dev);
void igpu_device_unlock(struct device *dev);
bool igpu_pci_is_memory(struct pci_dev *pdev, int bar);
const char *igpu_pci_name(const struct pci_dev *pdev);

/* Ids. */
void igpu_ids_init(struct xarray *ids);
int igpu_ids_add(struct xarray *ids, u32 *id, void *value);

/* Memory that may be a device's. */
void igpu_map_read(void *to, const struct iosys_map *map, size_t offset, size_t length);
void igpu_map_write(struct iosys_map *map, size_t offset, const void *from, size_t length);

/* Fences and reservations. */
struct dma_fence *igpu_fence_get(struct dma_fence *fence);
void igpu_fence_put(struct dma_fence *fence);
struct dma_fence *igpu_fence_get_rcu(struct dma_fence *fence);
bool igpu_fence_is_signaled(struct dma_fence *fence);
void igpu_fence_set_error(struct dma_fence *fence, int error);
const struct dma_fence_ops *igpu_fence_ops(struct dma_fence *fence);
struct dma_fence_chain *igpu_fence_chain_alloc(void);
void igpu_fence_chain_free(struct dma_fence_chain *chain);
void igpu_fence_unwrap_each(struct dma_fence *fence,
			    void (*each)(void *data, struct dma_fence *fence), void *data);
int igpu_resv_lock_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *context);
int igpu_resv_lock_slow_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *context);
void igpu_resv_unlock(struct dma_resv *resv);
void igpu_ww_acquire_init(struct ww_acquire_ctx *context);
void igpu_ww_acquire_done(struct ww_acquire_ctx *context);
void igpu_ww_acquire_fini(struct ww_acquire_ctx *context);
void igpu_resv_for_each(struct dma_resv *resv, enum dma_resv_usage usage,
			void (*each)(void *data, struct dma_fence *fence,
				     enum dma_resv_usage usage),
			void *data);

/* Syncobjs. */
void igpu_syncobj_get(struct drm_syncobj *syncobj);
void igpu_syncobj_put(struct drm_syncobj *syncobj);
struct dma_fence *igpu_syncobj_fence_get(struct drm_syncobj *syncobj);

/* DRM. */
void igpu_vma_node_unmap(struct drm_vma_offset_node *node, struct address_space *mapping);
u64 igpu_vma_node_offset(struct drm_vma_offset_node *node);
void igpu_object_get(struct drm_gem_object *object);
unsigned long igpu_vma_node_start(struct drm_vma_offset_node *node);
/* The object at those pages of the device's offset space, with a reference, or NULL. */
struct drm_gem_object *igpu_object_at(struct drm_device *dev, unsigned long first,
				      unsigned long pages);
int igpu_for_each_file(struct drm_device *dev,
		       int (*each)(void *data, struct drm_file *file), void *data);
void igpu_for_each_object(struct drm_file *file,
			  void (*each)(void *data, struct drm_gem_object *object, bool shared),
			  void *data);
void igpu_print(struct drm_printer *printer, const char *text, size_t length);

/* Memory. */
u64 igpu_page_to_phys(struct page *page);
void *igpu_kmap_local(struct page *page);
void igpu_kunmap_local(const void *address);
unsigned long igpu_mmap_shared(struct file *file, unsigned long length,
			       unsigned long offset);
bool igpu_vma_is_private_writable(struct vm_area_struct *vma);
void igpu_vma_prepare(struct vm_area_struct *vma);
int igpu_vma_insert_frames(struct vm_area_struct *vma, unsigned long address,
			   unsigned long first, unsigned long count);
unsigned long igpu_vma_begin(struct vm_area_struct *vma);
unsigned long igpu_vma_end(struct vm_area_struct *vma);
struct mm_struct *igpu_current_mm(void);
bool igpu_user_range_is_memory(unsigned long start, unsigned long length);
void igpu_interval_set_seq(struct mmu_interval_notifier *notifier, unsigned long sequence);
bool igpu_interval_read_retry(struct mmu_interval_notifier *notifier, unsigned long sequence);
void igpu_file_set_gfp_mask(struct file *file);
void igpu_file_truncate(struct file *file);
unsigned int igpu_reclaim_begin(void);
void igpu_reclaim_end(unsigned int flags);
bool igpu_can_swap(void);
int igpu_sg_for_each(struct sg_table *table,
		     int (*each)(void *data, u64 address, u64 length), void *data);

/* Files. */
struct dentry *igpu_debugfs_create_file(const char *name, umode_t mode, struct dentry *parent,
					void *data, const struct file_operations *fops);
struct dentry *igpu_debugfs_lookup_or_create_dir(const char *name, struct dentry *parent);
void *igpu_inode_private(struct inode *inode);
struct workqueue_struct *igpu_alloc_workqueue(const char *name, bool urgent);
struct workqueue_struct *igpu_alloc_ordered_workqueue(const char *name);
struct workqueue_struct *igpu_alloc_freezable_workqueue(const char *name);
void igpu_cond_resched(void);
int igpu_current_name(char *name);
const char *igpu_kernel_release(void);
const char *igpu_kernel_machine(void);
u64 igpu_total_memory(void);
unsigned long igpu_index_nospec(unsigned long index, unsigned long size);
bool igpu_access_ok(u64 address, u64 length);

/* Performance events (pmu.c). */
#define IGPU_PMU_ENGINES 16
struct igpu_pmu;
/* An engine by i915's names. */
struct igpu_pmu_engine {
	u16 class;
	u16 instance;
};
/*
 * Offers the busy times of engines, which stand from `offset` on in the configuration
 * space, as events. While is_lost(), which is called in an RCU read section, says so the
 * space isn't read: times stand still. NULL: it can't. May sleep.
 */
struct igpu_pmu *igpu_pmu_register(struct virtio_device *vdev, unsigned int offset,
				   const struct igpu_pmu_engine *engines, unsigned int count,
				   bool (*is_lost)(struct virtio_device *vdev));
/* Ends that; open events count no more. NULL is fine. May sleep. */
void igpu_pmu_unregister(struct igpu_pmu *pmu);

#endif
