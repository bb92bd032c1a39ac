//! Commands that decide what is executed next, and those that speak to display, power
//! and scheduler. The text beside each row that has no effect says why it has none.

use super::{ALL, COMPARISONS, NO_FIELDS, RENDER, long, one, privileged, unless};
use crate::command::FieldKind::{Arithmetic, Choice};
use crate::command::{Action, Command, address, field, flag, hex, hex_if_set, number, offset};
use crate::execute::{arithmetic, flow, flush};

/// Sorted by opcode.
pub(super) const TABLE: &[Command] = &[
    one(
        "MI_NOOP",
        0x00,
        ALL,
        &[
            flag("write identification", 0, 22),
            hex("identification", 0, 21, 0),
        ],
        Action::Execute(flow::noop),
    ),
    one(
        "MI_SET_PREDICATE",
        0x01,
        ALL,
        &[number("enable", 0, 3, 0)],
        Action::Execute(flow::set_predicate),
    ),
    one(
        "MI_USER_INTERRUPT",
        0x02,
        ALL,
        NO_FIELDS,
        Action::Execute(flush::user_interrupt),
    ),
    // There is no display, so no flip, scan line or vertical blank is awaited.
    one("MI_WAIT_FOR_EVENT", 0x03, ALL, NO_FIELDS, Action::Ignore),
    one("MI_WAIT_FOR_EVENT_2", 0x04, ALL, NO_FIELDS, Action::Ignore),
    one(
        "MI_ARB_CHECK",
        0x05,
        ALL,
        &[hex_if_set("mask", 0, 15, 8), flag("no pre-fetch", 0, 0)],
        Action::Execute(flow::arb_check),
    ),
    // The resource streamer is gone since Gen11; its commands are still parsed.
    one(
        "MI_RS_CONTROL",
        0x06,
        RENDER,
        &[flag("start", 0, 0)],
        Action::Ignore,
    ),
    // Writes the ring's head to the hardware status page, where no batch can see it.
    one("MI_REPORT_HEAD", 0x07, ALL, NO_FIELDS, Action::Ignore),
    one(
        "MI_ARB_ON_OFF",
        0x08,
        ALL,
        &[flag("enable", 0, 0), flag("allow lite restore", 0, 1)],
        Action::Execute(flow::arb_on_off),
    ),
    one(
        "MI_BATCH_BUFFER_END",
        0x0a,
        ALL,
        &[flag("end context", 0, 0)],
        Action::Execute(flow::batch_buffer_end),
    ),
    // Holds back flushes of the display's; there are none.
    one(
        "MI_SUSPEND_FLUSH",
        0x0b,
        ALL,
        &[flag("suspend", 0, 0)],
        Action::Ignore,
    ),
    one(
        "MI_PREDICATE",
        0x0c,
        ALL,
        &[
            field(
                "load",
                0,
                7,
                6,
                Choice(&["keep", "?", "load", "load inverted"]),
            ),
            field("combine", 0, 4, 3, Choice(&["set", "and", "or", "xor"])),
            field(
                "compare",
                0,
                1,
                0,
                Choice(&["true", "false", "sources equal", "deltas equal"]),
            ),
        ],
        Action::Execute(flow::predicate),
    ),
    one(
        "MI_TOPOLOGY_FILTER",
        0x0d,
        RENDER,
        &[number("topology", 0, 5, 0)],
        Action::Execute(flow::topology_filter),
    ),
    // Names a protected session; there are none.
    one(
        "MI_SET_APPID",
        0x0e,
        ALL,
        &[flag("transcode", 0, 7), number("session", 0, 6, 0)],
        Action::Ignore,
    ),
    one(
        "MI_RS_CONTEXT",
        0x0f,
        RENDER,
        &[flag("save", 0, 0)],
        Action::Ignore,
    ),
    privileged(long(
        "MI_LOAD_SCAN_LINES_INCL",
        0x12,
        6,
        (2, 2),
        ALL,
        &[
            number("plane", 0, 21, 19),
            number("first line", 1, 28, 16),
            number("last line", 1, 12, 0),
        ],
        Action::Ignore,
    )),
    privileged(long(
        "MI_LOAD_SCAN_LINES_EXCL",
        0x13,
        6,
        (2, 2),
        ALL,
        &[
            number("plane", 0, 21, 19),
            number("first line", 1, 28, 16),
            number("last line", 1, 12, 0),
        ],
        Action::Ignore,
    )),
    privileged(long(
        "MI_DISPLAY_FLIP",
        0x14,
        8,
        (3, 4),
        ALL,
        &[
            flag("asynchronous", 0, 22),
            number("plane", 0, 13, 8),
            number("pitch", 1, 15, 6),
            offset("buffer", 2, 31, 12),
        ],
        Action::Ignore,
    )),
    privileged(long(
        "MI_SET_CONTEXT",
        0x18,
        8,
        (2, 2),
        RENDER,
        &[
            flag("restore inhibited", 1, 0),
            flag("force restore", 1, 1),
            offset("context", 1, 31, 12),
        ],
        Action::Ignore,
    )),
    long(
        "MI_MATH",
        0x1a,
        8,
        (2, 257),
        ALL,
        &[field("instructions", 1, 31, 0, Arithmetic)],
        Action::Execute(arithmetic::math),
    ),
    // Tells the scheduler, by the token in the driver's register SEMAPHORE_TOKEN, that
    // somebody may go on; here, that everybody may who waits at a semaphore.
    long(
        "MI_SEMAPHORE_SIGNAL",
        0x1b,
        8,
        (2, 2),
        ALL,
        &[
            flag("post-sync", 0, 21),
            // Gen11 and before; Gen12 sends the token of a register instead.
            number("target engine", 0, 18, 15),
            hex("target context", 1, 31, 0),
        ],
        Action::Execute(flow::semaphore_signal),
    ),
    long(
        "MI_SEMAPHORE_WAIT",
        0x1c,
        8,
        (4, 5),
        ALL,
        &[
            field("compare", 0, 14, 12, Choice(COMPARISONS)),
            flag("poll", 0, 15),
            flag("register poll", 0, 16),
            flag("global", 0, 22),
            hex("data", 1, 31, 0),
            address("address", 2, 2),
            number("token", 4, 9, 5),
        ],
        Action::Execute(flow::semaphore_wait),
    ),
    // Keeps power wells up; all of them always are.
    long(
        "MI_FORCE_WAKEUP",
        0x1d,
        8,
        (2, 2),
        ALL,
        &[hex("mask", 1, 31, 16), hex("units", 1, 15, 0)],
        Action::Ignore,
    ),
    long(
        "MI_BATCH_BUFFER_START",
        0x31,
        8,
        (3, 3),
        ALL,
        &[
            flag("second level", 0, 22),
            flag("position-only start", 0, 21),
            flag("position-only", 0, 20),
            flag("command cache", 0, 19),
            flag("predicate", 0, 15),
            flag("resource streamer", 0, 10),
            field("space", 0, 8, 8, Choice(&["global", "per process"])),
            address("address", 1, 2),
        ],
        Action::Execute(flow::batch_buffer_start),
    ),
    unless(
        long(
            "MI_CONDITIONAL_BATCH_BUFFER_END",
            0x36,
            8,
            (3, 4),
            ALL,
            &[
                flag("global", 0, 22),
                flag("compare semaphore", 0, 21),
                flag("mask mode", 0, 19),
                flag("end this level only", 0, 18),
                field("go on if", 0, 14, 12, Choice(COMPARISONS)),
                hex("data", 1, 31, 0),
                address("address", 2, 3),
            ],
            Action::Execute(flow::conditional_batch_buffer_end),
        ),
        0,
        22,
    ),
];
