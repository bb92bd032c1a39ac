// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Static inlines and macros of the kernel as functions, for Rust. See helpers.h.
 */
#include <linux/debugfs.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>
#include <uapi/linux/virtio_pci.h>
#include <drm/drm_vma_manager.h>

#include "helpers.h"

/* dma-bufs of other devices. */
MODULE_IMPORT_NS("DMA_BUF");

/* Time. */

u64 igpu_max_schedule_timeout_ms(void)
{
	return jiffies_to_msecs(MAX_SCHEDULE_TIMEOUT);
}

u64 igpu_jiffies_to_nsecs(unsigned long jiffies)
{
	return jiffies_to_nsecs(jiffies);
}

/* Locks. */

unsigned long igpu_spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	return flags;
}

bool igpu_spin_trylock_irqsave(spinlock_t *lock, unsigned long *flags)
{
	return spin_trylock_irqsave(lock, *flags);
}

void igpu_spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock_irqrestore(lock, flags);
}

/* virtio. */

int igpu_find_vqs(struct virtio_device *vdev, unsigned int count, struct virtqueue **vqs,
		  struct virtqueue_info *infos)
{
	return virtio_find_vqs(vdev, count, vqs, infos, NULL);
}

void igpu_del_vqs(struct virtio_device *vdev)
{
	vdev->config->del_vqs(vdev);
}

void igpu_device_ready(struct virtio_device *vdev)
{
	virtio_device_ready(vdev);
}

bool igpu_has_feature(struct virtio_device *vdev, unsigned int bit)
{
	return virtio_has_feature(vdev, bit);
}

void igpu_clear_feature(struct virtio_device *vdev, unsigned int bit)
{
	__virtio_clear_bit(vdev, bit);
}

u8 igpu_get_status(struct virtio_device *vdev)
{
	return vdev->config->get_status(vdev);
}

const u64 *igpu_features(const struct virtio_device *vdev)
{
	return vdev->features_array;
}

/*
 * Bytes of the device's configuration space. The virtio core doesn't tell, and reading
 * past its end is a bug; on PCI the capability that describes it says it.
 */
unsigned int igpu_config_length(struct virtio_device *vdev)
{
	struct pci_dev *pdev;
	u8 type, at;
	u32 length;

	if (!vdev->config->get)
		return 0;
	if (!vdev->dev.parent || !dev_is_pci(vdev->dev.parent))
		return UINT_MAX;
	pdev = to_pci_dev(vdev->dev.parent);
	for (at = pci_find_capability(pdev, PCI_CAP_ID_VNDR); at;
	     at = pci_find_next_capability(pdev, at, PCI_CAP_ID_VNDR)) {
		pci_read_config_byte(pdev, at + offsetof(struct virtio_pci_cap, cfg_type), &type);
		if (type != VIRTIO_PCI_CAP_DEVICE_CFG)
			continue;
		pci_read_config_dword(pdev, at + offsetof(struct virtio_pci_cap, length), &length);
		return length;
	}
	return 0;
}

void igpu_read_config(struct virtio_device *vdev, unsigned int offset, void *to,
		      unsigned int length)
{
	virtio_cread_bytes(vdev, offset, to, length);
}

/* How many scatterlist entries a buffer from kmalloc or vmalloc needs. */
unsigned int igpu_buffer_segments(const void *buffer, size_t length)
{
	if (!is_vmalloc_addr(buffer))
		return 1;
	return DIV_ROUND_UP(offset_in_page(buffer) + length, PAGE_SIZE);
}

void igpu_buffer_to_sg(struct scatterlist *sg, unsigned int segments, void *buffer,
		       size_t length)
{
	unsigned int i;

	sg_init_table(sg, segments);
	if (!is_vmalloc_addr(buffer)) {
		sg_set_buf(sg, buffer, length);
		return;
	}
	for (i = 0; i < segments; i++) {
		size_t part = min_t(size_t, length, PAGE_SIZE - offset_in_page(buffer));

		sg_set_page(&sg[i], vmalloc_to_page(buffer), part, offset_in_page(buffer));
		buffer += part;
		length -= part;
	}
}

/* Devices. */

void igpu_device_lock(struct device *dev)
{
	device_lock(dev);
}

bool igpu_device_trylock(struct device *dev)
{
	return device_trylock(dev);
}

void igpu_device_unlock(struct device *dev)
{
	device_unlock(dev);
}

bool igpu_pci_is_memory(struct pci_dev *pdev, int bar)
{
	return pci_resource_flags(pdev, bar) & IORESOURCE_MEM;
}

const char *igpu_pci_name(const struct pci_dev *pdev)
{
	return pci_name(pdev);
}

/* Ids. */

void igpu_ids_init(struct xarray *ids)
{
	xa_init_flags(ids, XA_FLAGS_ALLOC1);
}

int igpu_ids_add(struct xarray *ids, u32 *id, void *value)
{
	return xa_alloc(ids, id, value, XA_LIMIT(1, UINT_MAX), GFP_KERNEL);
}

/* Memory that may be a device's. */

void igpu_map_read(void *to, const struct iosys_map *map, size_t offset, size_t length)
{
	iosys_map_memcpy_from(to, map, offset, length);
}

void igpu_map_write(struct iosys_map *map, size_t offset, const void *from, size_t length)
{
	iosys_map_memcpy_to(map, offset, from, length);
}

/* Fences and reservations. */

struct dma_fence *igpu_fence_get(struct dma_fence *fence)
{
	return dma_fence_get(fence);
}

void igpu_fence_put(struct dma_fence *fence)
{
	dma_fence_put(fence);
}

struct dma_fence *igpu_fence_get_rcu(struct dma_fence *fence)
{
	return dma_fence_get_rcu(fence);
}

bool igpu_fence_is_signaled(struct dma_fence *fence)
{
	return dma_fence_is_signaled(fence);
}

void igpu_fence_set_error(struct dma_fence *fence, int error)
{
	dma_fence_set_error(fence, error);
}

/* The operations' address, to be compared and not to be followed. */
const struct dma_fence_ops *igpu_fence_ops(struct dma_fence *fence)
{
	return rcu_access_pointer(fence->ops);
}

/* Calls each() for every fence in a chain or array, or for the fence itself. */
void igpu_fence_unwrap_each(struct dma_fence *fence,
			    void (*each)(void *data, struct dma_fence *fence), void *data)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *leaf;

	dma_fence_unwrap_for_each(leaf, &cursor, fence)
		each(data, leaf);
}

struct dma_fence_chain *igpu_fence_chain_alloc(void)
{
	return dma_fence_chain_alloc();
}

void igpu_fence_chain_free(struct dma_fence_chain *chain)
{
	dma_fence_chain_free(chain);
}

int igpu_resv_lock_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *context)
{
	return dma_resv_lock_interruptible(resv, context);
}

int igpu_resv_lock_slow_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *context)
{
	return dma_resv_lock_slow_interruptible(resv, context);
}

void igpu_resv_unlock(struct dma_resv *resv)
{
	dma_resv_unlock(resv);
}

void igpu_ww_acquire_init(struct ww_acquire_ctx *context)
{
	ww_acquire_init(context, &reservation_ww_class);
}

void igpu_ww_acquire_done(struct ww_acquire_ctx *context)
{
	ww_acquire_done(context);
}

void igpu_ww_acquire_fini(struct ww_acquire_ctx *context)
{
	ww_acquire_fini(context);
}

/* Calls each() for every unsignalled fence; begins anew when the list changes. */
void igpu_resv_for_each(struct dma_resv *resv, enum dma_resv_usage usage,
			void (*each)(void *data, struct dma_fence *fence,
				     enum dma_resv_usage usage),
			void *data)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, resv, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
		each(data, fence, dma_resv_iter_usage(&cursor));
	dma_resv_iter_end(&cursor);
}

/* Syncobjs. */

void igpu_syncobj_get(struct drm_syncobj *syncobj)
{
	drm_syncobj_get(syncobj);
}

void igpu_syncobj_put(struct drm_syncobj *syncobj)
{
	drm_syncobj_put(syncobj);
}

struct dma_fence *igpu_syncobj_fence_get(struct drm_syncobj *syncobj)
{
	return drm_syncobj_fence_get(syncobj);
}

/* DRM. */

void igpu_vma_node_unmap(struct drm_vma_offset_node *node, struct address_space *mapping)
{
	drm_vma_node_unmap(node, mapping);
}

u64 igpu_vma_node_offset(struct drm_vma_offset_node *node)
{
	return drm_vma_node_offset_addr(node);
}

void igpu_object_get(struct drm_gem_object *object)
{
	drm_gem_object_get(object);
}

unsigned long igpu_vma_node_start(struct drm_vma_offset_node *node)
{
	return drm_vma_node_start(node);
}

struct drm_gem_object *igpu_object_at(struct drm_device *dev, unsigned long first,
				      unsigned long pages)
{
	struct drm_gem_object *object = NULL;
	struct drm_vma_offset_node *node;

	drm_vma_offset_lock_lookup(dev->vma_offset_manager);
	node = drm_vma_offset_lookup_locked(dev->vma_offset_manager, first, pages);
	if (node) {
		object = container_of(node, struct drm_gem_object, vma_node);
		/* One that is being freed is waiting for this lock. */
		if (!kref_get_unless_zero(&object->refcount))
			object = NULL;
	}
	drm_vma_offset_unlock_lookup(dev->vma_offset_manager);
	return object;
}

/* Memory. */

u64 igpu_page_to_phys(struct page *page)
{
	return page_to_phys(page);
}

void *igpu_kmap_local(struct page *page)
{
	return kmap_local_page(page);
}

void igpu_kunmap_local(const void *address)
{
	kunmap_local(address);
}

/* Maps a file, readable, writable and shared, where there is room in the caller. */
unsigned long igpu_mmap_shared(struct file *file, unsigned long length,
			       unsigned long offset)
{
	return vm_mmap(file, 0, length, PROT_READ | PROT_WRITE, MAP_SHARED, offset);
}

bool igpu_vma_is_private_writable(struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}

unsigned long igpu_vma_begin(struct vm_area_struct *vma)
{
	return vma->vm_start;
}

unsigned long igpu_vma_end(struct vm_area_struct *vma)
{
	return vma->vm_end;
}

struct mm_struct *igpu_current_mm(void)
{
	return current->mm;
}

/* Whether the caller has ordinary memory, no I/O space, in all of the range. */
bool igpu_user_range_is_memory(unsigned long start, unsigned long length)
{
	unsigned long end = start + length, known = start;
	struct mm_struct *mm = current->mm;
	VMA_ITERATOR(next, mm, start);
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for_each_vma_range(next, vma, end) {
		if (vma->vm_start > known || vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP))
			break;
		known = vma->vm_end;
	}
	mmap_read_unlock(mm);
	return known >= end;
}

void igpu_interval_set_seq(struct mmu_interval_notifier *notifier, unsigned long sequence)
{
	mmu_interval_set_seq(notifier, sequence);
}

bool igpu_interval_read_retry(struct mmu_interval_notifier *notifier, unsigned long sequence)
{
	return mmu_interval_read_retry(notifier, sequence);
}

/* Page frames are put in by the fault handler; nobody may look for pages behind them. */
void igpu_vma_prepare(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
}

struct igpu_frames {
	struct vm_area_struct *vma;
	unsigned long next;
};

static int igpu_insert_frame(pte_t *pte, unsigned long address, void *data)
{
	struct igpu_frames *frames = data;
	unsigned long frame = frames->next++;

	/* A fault on another page of it may have been faster. */
	if (pte_none(ptep_get(pte)))
		set_pte_at(frames->vma->vm_mm, address, pte,
			   pte_mkspecial(pfn_pte(frame, frames->vma->vm_page_prot)));
	return 0;
}

/*
 * Puts page frames into a mapping that is prepared as above, where there is none yet: in one
 * walk, and without looking up for each how it is to be cached, as vmf_insert_pfn() does. All
 * are RAM, which is write-back: an exporter doesn't show us a device's own memory, for which
 * we would have to ask. -ENOMEM.
 */
int igpu_vma_insert_frames(struct vm_area_struct *vma, unsigned long address,
			   unsigned long first, unsigned long count)
{
	struct igpu_frames frames = { .vma = vma, .next = first };

	return apply_to_page_range(vma->vm_mm, address, count << PAGE_SHIFT, igpu_insert_frame,
				   &frames);
}

/*
 * Pages the GPU reads by their addresses: anywhere in memory, and not movable. An object
 * too large for the machine is an error for whoever made it, not a reason to kill.
 */
void igpu_file_set_gfp_mask(struct file *file)
{
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER | __GFP_RECLAIMABLE |
					      __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	/* It is written to beyond 2 GiB, too. */
	file->f_flags |= O_LARGEFILE;
}

void igpu_file_truncate(struct file *file)
{
	shmem_truncate_range(file_inode(file), 0, (loff_t)-1);
}

/* Lockdep and the allocator take what is between the two for reclaim. */
unsigned int igpu_reclaim_begin(void)
{
	fs_reclaim_acquire(GFP_KERNEL);
	return memalloc_noreclaim_save();
}

void igpu_reclaim_end(unsigned int flags)
{
	memalloc_noreclaim_restore(flags);
	fs_reclaim_release(GFP_KERNEL);
}

bool igpu_can_swap(void)
{
	return get_nr_swap_pages() > 0;
}

/* Calls each() for every DMA-mapped segment until it returns an error. */
int igpu_sg_for_each(struct sg_table *table,
		     int (*each)(void *data, u64 address, u64 length), void *data)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	for_each_sgtable_dma_sg(table, sg, i) {
		ret = each(data, sg_dma_address(sg), sg_dma_len(sg));
		if (ret)
			return ret;
	}
	return 0;
}

/* Calls each() for every open file until it returns an error. */
int igpu_for_each_file(struct drm_device *dev,
		       int (*each)(void *data, struct drm_file *file), void *data)
{
	struct drm_file *file;
	int ret = 0;

	mutex_lock(&dev->filelist_mutex);
	list_for_each_entry(file, &dev->filelist, lhead) {
		ret = each(data, file);
		if (ret)
			break;
	}
	mutex_unlock(&dev->filelist_mutex);
	return ret;
}

/* Calls each(), which may not sleep, for every object the file has a handle of. */
void igpu_for_each_object(struct drm_file *file,
			  void (*each)(void *data, struct drm_gem_object *object, bool shared),
			  void *data)
{
	struct drm_gem_object *object;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, object, id)
		each(data, object, drm_gem_object_is_shared_for_memory_stats(object));
	spin_unlock(&file->table_lock);
}

void igpu_print(struct drm_printer *printer, const char *text, size_t length)
{
	drm_printf(printer, "%.*s", (int)length, text);
}

/* Files and tasks. */

struct dentry *igpu_debugfs_create_file(const char *name, umode_t mode, struct dentry *parent,
					void *data, const struct file_operations *fops)
{
	return debugfs_create_file(name, mode, parent, data, fops);
}

struct dentry *igpu_debugfs_lookup_or_create_dir(const char *name, struct dentry *parent)
{
	struct dentry *found = debugfs_lookup(name, parent);

	if (found) {
		/* The parent keeps it as long as we use it. */
		dput(found);
		return found;
	}
	return debugfs_create_dir(name, parent);
}

void *igpu_inode_private(struct inode *inode)
{
	return inode->i_private;
}

struct workqueue_struct *igpu_alloc_workqueue(const char *name, bool urgent)
{
	unsigned int flags = WQ_UNBOUND | WQ_MEM_RECLAIM;

	if (urgent)
		flags |= WQ_HIGHPRI;
	return alloc_workqueue("%s", flags, 0, name);
}

void igpu_cond_resched(void)
{
	cond_resched();
}

/* The caller's name, TASK_COMM_LEN bytes, and number. */
int igpu_current_name(char *name)
{
	strscpy_pad(name, current->comm, TASK_COMM_LEN);
	return task_pid_nr(current);
}

const char *igpu_kernel_release(void)
{
	return init_utsname()->release;
}

const char *igpu_kernel_machine(void)
{
	return init_utsname()->machine;
}

struct workqueue_struct *igpu_alloc_ordered_workqueue(const char *name)
{
	return alloc_ordered_workqueue("%s", WQ_HIGHPRI | WQ_MEM_RECLAIM, name);
}

struct workqueue_struct *igpu_alloc_freezable_workqueue(const char *name)
{
	return alloc_workqueue("%s", WQ_UNBOUND | WQ_FREEZABLE, 0, name);
}

unsigned long igpu_index_nospec(unsigned long index, unsigned long size)
{
	return array_index_nospec(index, size);
}

u64 igpu_total_memory(void)
{
	return (u64)totalram_pages() << PAGE_SHIFT;
}

bool igpu_access_ok(u64 address, u64 length)
{
	return access_ok((void __user *)(unsigned long)address, length);
}
