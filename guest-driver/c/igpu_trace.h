/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Tracepoints at each stage boundary of a command's way, from the call that makes it to the
 * fence that tells of its end. A command is named by the point that it signals: a timeline's
 * number and a value, as on the wire. docs/tracing.md says what each marks.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM virtio_igpu

#if !defined(VIRTIO_IGPU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VIRTIO_IGPU_TRACE_H

#include <linux/tracepoint.h>

/* A submission is made. */
TRACE_EVENT(virtio_igpu_submit,
	TP_PROTO(u32 context, u32 slot, u32 timeline, u64 value),
	TP_ARGS(context, slot, timeline, value),
	TP_STRUCT__entry(
		__field(u32, context)
		__field(u32, slot)
		__field(u32, timeline)
		__field(u64, value)
	),
	TP_fast_assign(
		__entry->context = context;
		__entry->slot = slot;
		__entry->timeline = timeline;
		__entry->value = value;
	),
	TP_printk("context=%u slot=%u timeline=%u value=%llu", __entry->context,
		  __entry->slot, __entry->timeline, __entry->value)
);

/* A page-table update is made. */
TRACE_EVENT(virtio_igpu_update,
	TP_PROTO(u32 address_space, u32 timeline, u64 value),
	TP_ARGS(address_space, timeline, value),
	TP_STRUCT__entry(
		__field(u32, address_space)
		__field(u32, timeline)
		__field(u64, value)
	),
	TP_fast_assign(
		__entry->address_space = address_space;
		__entry->timeline = timeline;
		__entry->value = value;
	),
	TP_printk("address_space=%u timeline=%u value=%llu", __entry->address_space,
		  __entry->timeline, __entry->value)
);

/* A command is about to be handed to the transport. */
TRACE_EVENT(virtio_igpu_send,
	TP_PROTO(u32 timeline, u64 value),
	TP_ARGS(timeline, value),
	TP_STRUCT__entry(
		__field(u32, timeline)
		__field(u64, value)
	),
	TP_fast_assign(
		__entry->timeline = timeline;
		__entry->value = value;
	),
	TP_printk("timeline=%u value=%llu", __entry->timeline, __entry->value)
);

/* A command's fence is about to be signalled. */
TRACE_EVENT(virtio_igpu_signal,
	TP_PROTO(u32 timeline, u64 value, int error),
	TP_ARGS(timeline, value, error),
	TP_STRUCT__entry(
		__field(u32, timeline)
		__field(u64, value)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->timeline = timeline;
		__entry->value = value;
		__entry->error = error;
	),
	TP_printk("timeline=%u value=%llu error=%d", __entry->timeline, __entry->value,
		  __entry->error)
);

DECLARE_EVENT_CLASS(virtio_igpu_queue,
	TP_PROTO(u32 queue),
	TP_ARGS(queue),
	TP_STRUCT__entry(
		__field(u32, queue)
	),
	TP_fast_assign(
		__entry->queue = queue;
	),
	TP_printk("queue=%u", __entry->queue)
);

/* The device is about to be notified of commands in a queue. */
DEFINE_EVENT(virtio_igpu_queue, virtio_igpu_kick, TP_PROTO(u32 queue), TP_ARGS(queue));

/* A queue's interrupt is being handled. */
DEFINE_EVENT(virtio_igpu_queue, virtio_igpu_interrupt, TP_PROTO(u32 queue), TP_ARGS(queue));

#endif /* VIRTIO_IGPU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE igpu_trace
#include <trace/define_trace.h>
