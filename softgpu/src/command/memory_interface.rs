//! The rows of type 0, MI (memory interface): flow control, registers, memory.

use super::FieldKind::{Choice, Rest};
use super::{Action, Command, Field, Length, address, field, flag, hex, number};
use crate::execute::{atomic, flow, flush, transfer};
use crate::platform::EngineSet;

const ALL: EngineSet = EngineSet::ALL;
const RENDER: EngineSet = EngineSet::RENDER;
const NOT_RENDER: EngineSet = EngineSet::NOT_RENDER;
const NO_FIELDS: &[Field] = &[];

/// How two dwords are compared: what lies in memory on the left.
const COMPARISONS: &[&str] = &[">", ">=", "<", "<=", "==", "!=", "?", "?"];

/// A command of one dword.
const fn one(
    name: &'static str,
    opcode: u32,
    engines: EngineSet,
    fields: &'static [Field],
    action: Action,
) -> Command {
    let (mask, value) = (0xff80_0000, opcode << 23);
    Command {
        name,
        mask,
        value,
        length: Length::One,
        engines,
        fields,
        action,
    }
}

/// A command of `min` to `max` dwords.
const fn long(
    name: &'static str,
    opcode: u32,
    (min, max): (u16, u16),
    engines: EngineSet,
    fields: &'static [Field],
    action: Action,
) -> Command {
    let bits = if max > 257 { 10 } else { 8 };
    let length = Length::Field {
        bits,
        bias: 2,
        min,
        max,
    };
    Command {
        name,
        mask: 0xff80_0000,
        value: opcode << 23,
        length,
        engines,
        fields,
        action,
    }
}

/// Sorted by opcode.
pub(super) static TABLE: &[Command] = &[
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
    one("MI_WAIT_FOR_EVENT", 0x03, ALL, NO_FIELDS, Action::Ignore),
    one("MI_WAIT_FOR_EVENT_2", 0x04, ALL, NO_FIELDS, Action::Ignore),
    one(
        "MI_ARB_CHECK",
        0x05,
        ALL,
        NO_FIELDS,
        Action::Execute(flow::arb_check),
    ),
    one("MI_RS_CONTROL", 0x06, RENDER, NO_FIELDS, Action::Ignore),
    one("MI_REPORT_HEAD", 0x07, ALL, NO_FIELDS, Action::Ignore),
    one(
        "MI_ARB_ON_OFF",
        0x08,
        ALL,
        &[flag("enable", 0, 0)],
        Action::Execute(flow::arb_on_off),
    ),
    one(
        "MI_BATCH_BUFFER_END",
        0x0a,
        ALL,
        NO_FIELDS,
        Action::Execute(flow::batch_buffer_end),
    ),
    one("MI_SUSPEND_FLUSH", 0x0b, ALL, NO_FIELDS, Action::Ignore),
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
        &[number("filter", 0, 5, 0)],
        Action::Ignore,
    ),
    one("MI_SET_APPID", 0x0e, ALL, NO_FIELDS, Action::Ignore),
    one("MI_RS_CONTEXT", 0x0f, RENDER, NO_FIELDS, Action::Ignore),
    long(
        "MI_LOAD_SCAN_LINES_INCL",
        0x12,
        (2, 2),
        ALL,
        NO_FIELDS,
        Action::Privileged,
    ),
    long(
        "MI_LOAD_SCAN_LINES_EXCL",
        0x13,
        (2, 2),
        ALL,
        NO_FIELDS,
        Action::Privileged,
    ),
    long(
        "MI_DISPLAY_FLIP",
        0x14,
        (3, 4),
        ALL,
        NO_FIELDS,
        Action::Privileged,
    ),
    long(
        "MI_SET_CONTEXT",
        0x18,
        (2, 2),
        RENDER,
        NO_FIELDS,
        Action::Privileged,
    ),
    Command {
        name: "MI_MATH",
        mask: 0xff80_0000,
        value: 0x1a << 23,
        length: Length::Field {
            bits: 8,
            bias: 2,
            min: 2,
            max: 257,
        },
        engines: ALL,
        fields: &[field("instruction", 1, 31, 0, Rest)],
        action: Action::Execute(atomic::math),
    },
    long(
        "MI_SEMAPHORE_SIGNAL",
        0x1b,
        (2, 2),
        ALL,
        &[
            number("target engine", 0, 18, 15),
            hex("target context", 1, 31, 0),
        ],
        Action::Ignore,
    ),
    long(
        "MI_SEMAPHORE_WAIT",
        0x1c,
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
    long(
        "MI_FORCE_WAKEUP",
        0x1d,
        (2, 2),
        ALL,
        &[hex("units", 1, 31, 0)],
        Action::Ignore,
    ),
    long(
        "MI_STORE_DATA_IMM",
        0x20,
        (4, 1025),
        ALL,
        &[
            flag("qword", 0, 21),
            flag("global", 0, 22),
            address("address", 1, 2),
            field("data", 3, 31, 0, Rest),
        ],
        Action::Execute(transfer::store_data_imm),
    ),
    long(
        "MI_STORE_DATA_INDEX",
        0x21,
        (3, 4),
        ALL,
        NO_FIELDS,
        Action::Privileged,
    ),
    Command {
        name: "MI_LOAD_REGISTER_IMM",
        mask: 0xff80_0000,
        value: 0x22 << 23,
        length: Length::Field {
            bits: 8,
            bias: 2,
            min: 3,
            max: 257,
        },
        engines: ALL,
        fields: &[
            flag("add engine base", 0, 19),
            flag("remap", 0, 17),
            hex("byte write disables", 0, 11, 8),
            hex("register", 1, 22, 2),
            field("data", 2, 31, 0, Rest),
        ],
        action: Action::Execute(transfer::load_register_imm),
    },
    long(
        "MI_UPDATE_GTT",
        0x23,
        (2, 257),
        ALL,
        NO_FIELDS,
        Action::Privileged,
    ),
    long(
        "MI_STORE_REGISTER_MEM",
        0x24,
        (4, 4),
        ALL,
        &[
            flag("add engine base", 0, 19),
            flag("predicate", 0, 21),
            flag("global", 0, 22),
            hex("register", 1, 22, 2),
            address("address", 2, 2),
        ],
        Action::Execute(transfer::store_register_mem),
    ),
    long(
        "MI_FLUSH_DW",
        0x26,
        (3, 5),
        NOT_RENDER,
        &[
            field(
                "post-sync",
                0,
                15,
                14,
                Choice(&["none", "immediate", "?", "timestamp"]),
            ),
            flag("notify", 0, 8),
            flag("TLB invalidate", 0, 18),
            flag("store index", 0, 21),
            address("address", 1, 3),
            field("data", 3, 31, 0, Rest),
        ],
        Action::Execute(flush::flush_dw),
    ),
    long(
        "MI_CLFLUSH",
        0x27,
        (3, 257),
        RENDER,
        NO_FIELDS,
        Action::Ignore,
    ),
    long(
        "MI_REPORT_PERF_COUNT",
        0x28,
        (4, 4),
        RENDER,
        &[address("address", 1, 6), hex("report", 3, 31, 0)],
        Action::Ignore,
    ),
    long(
        "MI_LOAD_REGISTER_MEM",
        0x29,
        (4, 4),
        ALL,
        &[
            flag("add engine base", 0, 19),
            flag("global", 0, 22),
            hex("register", 1, 22, 2),
            address("address", 2, 2),
        ],
        Action::Execute(transfer::load_register_mem),
    ),
    long(
        "MI_LOAD_REGISTER_REG",
        0x2a,
        (3, 3),
        ALL,
        &[
            flag("add engine base to source", 0, 18),
            flag("add engine base to destination", 0, 19),
            hex("source", 1, 22, 2),
            hex("destination", 2, 22, 2),
        ],
        Action::Execute(transfer::load_register_reg),
    ),
    long(
        "MI_RS_STORE_DATA_IMM",
        0x2b,
        (4, 4),
        RENDER,
        NO_FIELDS,
        Action::Ignore,
    ),
    long(
        "MI_LOAD_URB_MEM",
        0x2c,
        (4, 4),
        RENDER,
        NO_FIELDS,
        Action::Ignore,
    ),
    long(
        "MI_STORE_URB_MEM",
        0x2d,
        (4, 4),
        RENDER,
        NO_FIELDS,
        Action::Ignore,
    ),
    long(
        "MI_COPY_MEM_MEM",
        0x2e,
        (5, 5),
        ALL,
        &[
            flag("global destination", 0, 21),
            flag("global source", 0, 22),
            address("destination", 1, 2),
            address("source", 3, 2),
        ],
        Action::Execute(transfer::copy_mem_mem),
    ),
    long(
        "MI_ATOMIC",
        0x2f,
        (3, 11),
        ALL,
        &[
            hex("operation", 0, 15, 8),
            flag("return data", 0, 16),
            flag("inline data", 0, 18),
            field(
                "size",
                0,
                20,
                19,
                Choice(&["dword", "qword", "octword", "?"]),
            ),
            address("address", 1, 2),
            field("operands", 3, 31, 0, Rest),
        ],
        Action::Execute(atomic::atomic),
    ),
    long(
        "MI_BATCH_BUFFER_START",
        0x31,
        (3, 3),
        ALL,
        &[
            flag("second level", 0, 22),
            flag("predicate", 0, 15),
            field("space", 0, 8, 8, Choice(&["global", "per process"])),
            address("address", 1, 2),
        ],
        Action::Execute(flow::batch_buffer_start),
    ),
    long(
        "MI_CONDITIONAL_BATCH_BUFFER_END",
        0x36,
        (3, 4),
        ALL,
        &[
            flag("compare semaphore", 0, 21),
            flag("mask mode", 0, 19),
            flag("end this level only", 0, 18),
            field("go on if", 0, 14, 12, Choice(COMPARISONS)),
            hex("data", 1, 31, 0),
            hex("address low", 2, 31, 3),
            hex("address high", 3, 31, 0),
        ],
        Action::Execute(flow::conditional_batch_buffer_end),
    ),
];
