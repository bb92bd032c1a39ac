// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The performance events of i915's PMU that the device counts: for how long a batch has
 * been on each engine. In C, since the kernel crate has no bindings of perf's structures.
 *
 * The counts stand in the device's configuration space, which for a PCI device is read
 * without sleeping: perf reads with interrupts off.
 */
#include <linux/perf_event.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <uapi/drm/i915_drm.h>

#include "helpers.h"

struct igpu_pmu {
	struct pmu base;
	struct virtio_device *vdev;
	bool (*is_lost)(struct virtio_device *vdev);
	unsigned int offset;
	unsigned int count;
	struct igpu_pmu_engine engines[IGPU_PMU_ENGINES];
	char name[48];
};

static struct igpu_pmu *to_igpu_pmu(struct perf_event *event)
{
	return container_of(event->pmu, struct igpu_pmu, base);
}

/* The engine that an event asks about, by its number in the configuration space. */
static int engine_of(struct igpu_pmu *pmu, u64 config)
{
	const u64 class_shift = I915_PMU_CLASS_SHIFT;
	unsigned int i;

	for (i = 0; i < pmu->count; i++) {
		u64 class = pmu->engines[i].class, instance = pmu->engines[i].instance;

		if (config == (class << class_shift | instance << I915_PMU_SAMPLE_BITS |
			       I915_SAMPLE_BUSY))
			return i;
	}
	return -1;
}

static u32 read_dword(struct igpu_pmu *pmu, unsigned int offset)
{
	__le32 value = 0;

	pmu->vdev->config->get(pmu->vdev, offset, &value, sizeof(value));
	return le32_to_cpu(value);
}

/* Nanoseconds; what it was before, while nobody could tell. */
static u64 busy_time(struct igpu_pmu *pmu, int engine, u64 known)
{
	const unsigned int offset = pmu->offset + engine * sizeof(u64);
	u32 low, high, before;
	int tries;

	guard(rcu)();
	if (pmu->is_lost(pmu->vdev))
		return known;
	before = read_dword(pmu, offset + sizeof(u32));
	/* The upper half moves on once in four seconds. */
	for (tries = 0; tries < 3; tries++) {
		low = read_dword(pmu, offset);
		high = read_dword(pmu, offset + sizeof(u32));
		if (high == before)
			break;
		before = high;
	}
	return (u64)high << 32 | low;
}

static void event_read(struct perf_event *event)
{
	struct igpu_pmu *pmu = to_igpu_pmu(event);
	struct hw_perf_event *hw = &event->hw;
	u64 now = busy_time(pmu, hw->idx, local64_read(&hw->prev_count));
	u64 before = local64_xchg(&hw->prev_count, now);

	/* Two readers at once may come in either order; a reset device counts anew. */
	if (now > before)
		local64_add(now - before, &event->count);
}

static void event_start(struct perf_event *event, int flags)
{
	local64_set(&event->hw.prev_count, busy_time(to_igpu_pmu(event), event->hw.idx, 0));
	event->hw.state = 0;
}

static void event_stop(struct perf_event *event, int flags)
{
	if (flags & PERF_EF_UPDATE)
		event_read(event);
	event->hw.state = PERF_HES_STOPPED;
}

static int event_add(struct perf_event *event, int flags)
{
	if (flags & PERF_EF_START)
		event_start(event, flags);
	return 0;
}

static void event_del(struct perf_event *event, int flags)
{
	event_stop(event, PERF_EF_UPDATE);
}

/* The checks and their order are those of i915_pmu_event_init. */
static int event_init(struct perf_event *event)
{
	int engine;

	if (event->attr.type != event->pmu->type)
		return -ENOENT;
	if (event->attr.sample_period)
		return -EINVAL;
	if (has_branch_stack(event))
		return -EOPNOTSUPP;
	if (event->cpu < 0)
		return -EINVAL;
	if (event->attr.config >= __I915_PMU_OTHER(0))
		return -ENOENT;
	if ((event->attr.config & I915_PMU_SAMPLE_MASK) != I915_SAMPLE_BUSY)
		return -ENOENT;
	engine = engine_of(to_igpu_pmu(event), event->attr.config);
	if (engine < 0)
		return -ENODEV;
	event->hw.idx = engine;
	return 0;
}

PMU_FORMAT_ATTR(i915_eventid, "config:0-20");

static struct attribute *format_attributes[] = {
	&format_attr_i915_eventid.attr,
	NULL,
};

static const struct attribute_group format_group = {
	.name = "format",
	.attrs = format_attributes,
};

static const struct attribute_group *groups[] = {
	&format_group,
	NULL,
};

struct igpu_pmu *igpu_pmu_register(struct virtio_device *vdev, unsigned int offset,
				   const struct igpu_pmu_engine *engines, unsigned int count,
				   bool (*is_lost)(struct virtio_device *vdev))
{
	const char *parent = dev_name(vdev->dev.parent);
	struct igpu_pmu *pmu;

	/* Elsewhere reading the configuration may sleep. */
	if (!dev_is_pci(vdev->dev.parent) || count > IGPU_PMU_ENGINES)
		return NULL;
	pmu = kzalloc(sizeof(*pmu), GFP_KERNEL);
	if (!pmu)
		return NULL;
	pmu->vdev = vdev;
	pmu->is_lost = is_lost;
	pmu->offset = offset;
	pmu->count = count;
	memcpy(pmu->engines, engines, count * sizeof(*engines));
	/* The name that Intel's tools look for: an integrated GPU's place needs no mention. */
	if (strcmp(parent, "0000:00:02.0") == 0)
		strscpy(pmu->name, "i915");
	else
		snprintf(pmu->name, sizeof(pmu->name), "i915_%s", parent);
	strreplace(pmu->name, ':', '_');

	pmu->base.module = THIS_MODULE;
	pmu->base.task_ctx_nr = perf_invalid_context;
	pmu->base.scope = PERF_PMU_SCOPE_SYS_WIDE;
	pmu->base.capabilities = PERF_PMU_CAP_NO_EXCLUDE;
	pmu->base.attr_groups = groups;
	pmu->base.event_init = event_init;
	pmu->base.add = event_add;
	pmu->base.del = event_del;
	pmu->base.start = event_start;
	pmu->base.stop = event_stop;
	pmu->base.read = event_read;
	if (perf_pmu_register(&pmu->base, pmu->name, -1)) {
		kfree(pmu);
		return NULL;
	}
	return pmu;
}

void igpu_pmu_unregister(struct igpu_pmu *pmu)
{
	/* Events that are open are taken off the PMU: none of the above runs after this. */
	if (pmu && !perf_pmu_unregister(&pmu->base))
		kfree(pmu);
}
