// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Defines the tracepoints. In C, since the kernel crate only declares such: see
 * rust/kernel/tracepoint.rs.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "igpu_trace.h"
