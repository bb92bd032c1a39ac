//! The rows of the render engine: 3D, media and compute.

use super::super::FieldKind::{Choice, Rest};
use super::super::{Action, Command, Field, Length, Privilege, address, field, flag};
use super::fields::*;
use super::{DWORDS, long, short};
use crate::compute::command as compute;
use crate::execute::{flush, work as execute_work};
use crate::platform::EngineSet;

const RENDER: EngineSet = EngineSet::RENDER;

const fn one(name: &'static str, opcode: u32, fields: &'static [Field]) -> Command {
    short(name, opcode, RENDER, fields)
}

const fn state(name: &'static str, opcode: u32, bits: u8) -> Command {
    long(name, opcode, bits, RENDER, DWORDS)
}

const fn fields(name: &'static str, opcode: u32, bits: u8, fields: &'static [Field]) -> Command {
    long(name, opcode, bits, RENDER, fields)
}

const fn work(name: &'static str, opcode: u32, bits: u8) -> Command {
    super::work(name, opcode, bits, RENDER)
}

const PIPE_CONTROL: Command = Command {
    name: "PIPE_CONTROL",
    mask: 0xffff_0000,
    value: 0x7a00_0000,
    length: Length::Field {
        bits: 8,
        bias: 2,
        min: 2,
        max: 6,
    },
    privilege: Privilege::User,
    engines: RENDER,
    fields: &[
        flag("HDC pipeline flush", 0, 9),
        flag("post-sync cacheable", 0, 12),
        flag("command cache invalidate", 1, 29),
        flag("tile cache flush", 1, 28),
        flag("L3 flush", 1, 27),
        flag("LLC flush", 1, 26),
        flag("AMFS flush", 1, 25),
        flag("global", 1, 24),
        flag("register write", 1, 23),
        flag("store index", 1, 21),
        flag("command streamer stall", 1, 20),
        flag("reset statistics", 1, 19),
        flag("TLB invalidate", 1, 18),
        flag("PSD sync", 1, 17),
        flag("media state clear", 1, 16),
        field(
            "post-sync",
            1,
            15,
            14,
            Choice(&["none", "immediate", "depth count", "timestamp"]),
        ),
        flag("depth stall", 1, 13),
        flag("render target flush", 1, 12),
        flag("instruction cache invalidate", 1, 11),
        flag("texture cache invalidate", 1, 10),
        flag("indirect state disable", 1, 9),
        flag("notify", 1, 8),
        flag("flush enable", 1, 7),
        flag("data cache flush", 1, 5),
        flag("vertex cache invalidate", 1, 4),
        flag("constant cache invalidate", 1, 3),
        flag("state cache invalidate", 1, 2),
        flag("scoreboard stall", 1, 1),
        flag("depth flush", 1, 0),
        address("address", 2, 2),
        field("data", 4, 31, 0, Rest),
    ],
    action: Action::Execute(flush::pipe_control),
};

const GPGPU_WALKER: Command = Command {
    length: Length::Field {
        bits: 8,
        bias: 2,
        min: 15,
        max: 15,
    },
    action: Action::Execute(compute::walk),
    ..fields("GPGPU_WALKER", 0x7105, 8, WALKER)
};

const MEDIA_OBJECT: Command = Command {
    length: Length::Field {
        bits: 15,
        bias: 2,
        min: 6,
        max: 512,
    },
    action: Action::Execute(compute::object),
    ..fields("MEDIA_OBJECT", 0x7100, 15, OBJECT)
};

const PRIMITIVE: Command = Command {
    length: Length::Field {
        bits: 8,
        bias: 2,
        min: 7,
        max: 10,
    },
    action: Action::Work(execute_work::draw),
    ..fields("3DPRIMITIVE", 0x7b00, 8, DRAW)
};

/// Sorted by value.
pub(super) const ROWS: &[Command] = &[
    fields("STATE_BASE_ADDRESS", 0x6101, 8, STATE_BASE_ADDRESS),
    fields("STATE_SIP", 0x6102, 8, SIP),
    state("SWTESS_BASE_ADDRESS", 0x6103, 8),
    fields("GPGPU_CSR_BASE_ADDRESS", 0x6104, 8, CSR),
    fields("STATE_COMPUTE_MODE", 0x6105, 8, COMPUTE_MODE),
    one("3DSTATE_VF_STATISTICS", 0x680b, STATISTICS),
    one("PIPELINE_SELECT", 0x6904, PIPELINE_SELECT),
    fields("MEDIA_VFE_STATE", 0x7000, 16, VFE_STATE),
    fields("MEDIA_CURBE_LOAD", 0x7001, 16, CURBE_LOAD),
    fields(
        "MEDIA_INTERFACE_DESCRIPTOR_LOAD",
        0x7002,
        16,
        DESCRIPTOR_LOAD,
    ),
    fields("MEDIA_STATE_FLUSH", 0x7004, 16, STATE_FLUSH),
    MEDIA_OBJECT,
    work("MEDIA_OBJECT_PRT", 0x7102, 15),
    work("MEDIA_OBJECT_WALKER", 0x7103, 15),
    GPGPU_WALKER,
    work("MEDIA_OBJECT_GRPID", 0x7106, 16),
    fields("3DSTATE_CLEAR_PARAMS", 0x7804, 8, CLEAR),
    fields("3DSTATE_DEPTH_BUFFER", 0x7805, 8, DEPTH),
    fields("3DSTATE_STENCIL_BUFFER", 0x7806, 8, STENCIL),
    fields("3DSTATE_HIER_DEPTH_BUFFER", 0x7807, 8, HIERARCHICAL_DEPTH),
    state("3DSTATE_VERTEX_BUFFERS", 0x7808, 8),
    state("3DSTATE_VERTEX_ELEMENTS", 0x7809, 8),
    fields("3DSTATE_INDEX_BUFFER", 0x780a, 8, INDEX_BUFFER),
    fields("3DSTATE_VF", 0x780c, 8, VF),
    fields("3DSTATE_MULTISAMPLE", 0x780d, 8, MULTISAMPLE),
    fields("3DSTATE_CC_STATE_POINTERS", 0x780e, 8, POINTER_VALID),
    fields("3DSTATE_SCISSOR_STATE_POINTERS", 0x780f, 8, POINTER),
    fields("3DSTATE_VS", 0x7810, 8, VERTEX_SHADER),
    fields("3DSTATE_GS", 0x7811, 8, GEOMETRY_SHADER),
    fields("3DSTATE_CLIP", 0x7812, 8, CLIP),
    fields("3DSTATE_SF", 0x7813, 8, SF),
    fields("3DSTATE_WM", 0x7814, 8, WM),
    fields("3DSTATE_CONSTANT_VS", 0x7815, 8, CONSTANTS),
    fields("3DSTATE_CONSTANT_GS", 0x7816, 8, CONSTANTS),
    fields("3DSTATE_CONSTANT_PS", 0x7817, 8, CONSTANTS),
    fields("3DSTATE_SAMPLE_MASK", 0x7818, 8, SAMPLE_MASK),
    fields("3DSTATE_CONSTANT_HS", 0x7819, 8, CONSTANTS),
    fields("3DSTATE_CONSTANT_DS", 0x781a, 8, CONSTANTS),
    fields("3DSTATE_HS", 0x781b, 8, HULL_SHADER),
    state("3DSTATE_TE", 0x781c, 8),
    fields("3DSTATE_DS", 0x781d, 8, DOMAIN_SHADER),
    fields("3DSTATE_STREAMOUT", 0x781e, 8, STREAMOUT),
    fields("3DSTATE_SBE", 0x781f, 8, SBE),
    fields("3DSTATE_PS", 0x7820, 8, PIXEL_SHADER),
    fields(
        "3DSTATE_VIEWPORT_STATE_POINTERS_SF_CLIP",
        0x7821,
        8,
        POINTER,
    ),
    fields("3DSTATE_CPS_POINTERS", 0x7822, 8, POINTER),
    fields("3DSTATE_VIEWPORT_STATE_POINTERS_CC", 0x7823, 8, POINTER),
    fields("3DSTATE_BLEND_STATE_POINTERS", 0x7824, 8, POINTER_VALID),
    fields("3DSTATE_BINDING_TABLE_POINTERS_VS", 0x7826, 8, POINTER),
    fields("3DSTATE_BINDING_TABLE_POINTERS_HS", 0x7827, 8, POINTER),
    fields("3DSTATE_BINDING_TABLE_POINTERS_DS", 0x7828, 8, POINTER),
    fields("3DSTATE_BINDING_TABLE_POINTERS_GS", 0x7829, 8, POINTER),
    fields("3DSTATE_BINDING_TABLE_POINTERS_PS", 0x782a, 8, POINTER),
    fields("3DSTATE_SAMPLER_STATE_POINTERS_VS", 0x782b, 8, POINTER),
    fields("3DSTATE_SAMPLER_STATE_POINTERS_HS", 0x782c, 8, POINTER),
    fields("3DSTATE_SAMPLER_STATE_POINTERS_DS", 0x782d, 8, POINTER),
    fields("3DSTATE_SAMPLER_STATE_POINTERS_GS", 0x782e, 8, POINTER),
    fields("3DSTATE_SAMPLER_STATE_POINTERS_PS", 0x782f, 8, POINTER),
    fields("3DSTATE_URB_VS", 0x7830, 8, URB),
    fields("3DSTATE_URB_HS", 0x7831, 8, URB),
    fields("3DSTATE_URB_DS", 0x7832, 8, URB),
    fields("3DSTATE_URB_GS", 0x7833, 8, URB),
    state("3DSTATE_GATHER_CONSTANT_VS", 0x7834, 8),
    state("3DSTATE_GATHER_CONSTANT_GS", 0x7835, 8),
    state("3DSTATE_GATHER_CONSTANT_HS", 0x7836, 8),
    state("3DSTATE_GATHER_CONSTANT_DS", 0x7837, 8),
    state("3DSTATE_GATHER_CONSTANT_PS", 0x7838, 8),
    state("3DSTATE_BINDING_TABLE_EDIT_VS", 0x7843, 9),
    state("3DSTATE_BINDING_TABLE_EDIT_GS", 0x7844, 9),
    state("3DSTATE_BINDING_TABLE_EDIT_HS", 0x7845, 9),
    state("3DSTATE_BINDING_TABLE_EDIT_DS", 0x7846, 9),
    state("3DSTATE_BINDING_TABLE_EDIT_PS", 0x7847, 9),
    fields("3DSTATE_VF_INSTANCING", 0x7849, 8, INSTANCING),
    state("3DSTATE_VF_SGVS", 0x784a, 8),
    fields("3DSTATE_VF_TOPOLOGY", 0x784b, 8, TOPOLOGY),
    state("3DSTATE_WM_CHROMAKEY", 0x784c, 8),
    fields("3DSTATE_PS_BLEND", 0x784d, 8, PS_BLEND),
    state("3DSTATE_WM_DEPTH_STENCIL", 0x784e, 8),
    fields("3DSTATE_PS_EXTRA", 0x784f, 8, PS_EXTRA),
    fields("3DSTATE_RASTER", 0x7850, 8, RASTER),
    state("3DSTATE_SBE_SWIZ", 0x7851, 8),
    state("3DSTATE_WM_HZ_OP", 0x7852, 8),
    state("3DSTATE_RS_CONSTANT_POINTER", 0x7854, 8),
    state("3DSTATE_VF_COMPONENT_PACKING", 0x7855, 8),
    state("3DSTATE_VF_SGVS_2", 0x7856, 8),
    state("3DSTATE_SO_BUFFER_INDEX_0", 0x7860, 8),
    state("3DSTATE_SO_BUFFER_INDEX_1", 0x7861, 8),
    state("3DSTATE_SO_BUFFER_INDEX_2", 0x7862, 8),
    state("3DSTATE_SO_BUFFER_INDEX_3", 0x7863, 8),
    state("3DSTATE_PRIMITIVE_REPLICATION", 0x786c, 8),
    fields("3DSTATE_CONSTANT_ALL", 0x786d, 8, CONSTANT_ALL),
    state("3DSTATE_DEPTH_BOUNDS", 0x7871, 8),
    fields("3DSTATE_DRAWING_RECTANGLE", 0x7900, 8, RECTANGLE),
    state("3DSTATE_SAMPLER_PALETTE_LOAD0", 0x7902, 8),
    state("3DSTATE_CHROMA_KEY", 0x7904, 8),
    state("3DSTATE_POLY_STIPPLE_OFFSET", 0x7906, 8),
    state("3DSTATE_POLY_STIPPLE_PATTERN", 0x7907, 8),
    state("3DSTATE_LINE_STIPPLE", 0x7908, 8),
    state("3DSTATE_AA_LINE_PARAMETERS", 0x790a, 8),
    state("3DSTATE_SAMPLER_PALETTE_LOAD1", 0x790c, 8),
    state("3DSTATE_MONOFILTER_SIZE", 0x7911, 8),
    fields("3DSTATE_PUSH_CONSTANT_ALLOC_VS", 0x7912, 8, PUSH_CONSTANTS),
    fields("3DSTATE_PUSH_CONSTANT_ALLOC_HS", 0x7913, 8, PUSH_CONSTANTS),
    fields("3DSTATE_PUSH_CONSTANT_ALLOC_DS", 0x7914, 8, PUSH_CONSTANTS),
    fields("3DSTATE_PUSH_CONSTANT_ALLOC_GS", 0x7915, 8, PUSH_CONSTANTS),
    fields("3DSTATE_PUSH_CONSTANT_ALLOC_PS", 0x7916, 8, PUSH_CONSTANTS),
    state("3DSTATE_SO_DECL_LIST", 0x7917, 9),
    fields("3DSTATE_SO_BUFFER", 0x7918, 8, SO_BUFFER),
    fields("3DSTATE_BINDING_TABLE_POOL_ALLOC", 0x7919, 8, POOL),
    state("3DSTATE_GATHER_POOL_ALLOC", 0x791a, 8),
    state("3DSTATE_SAMPLE_PATTERN", 0x791c, 8),
    state("3DSTATE_URB_CLEAR", 0x791d, 8),
    state("3DSTATE_3D_MODE", 0x791e, 8),
    state("3DSTATE_SUBSLICE_HASH_TABLE", 0x791f, 8),
    fields(
        "3DSTATE_SLICE_TABLE_STATE_POINTERS",
        0x7920,
        8,
        POINTER_VALID,
    ),
    PIPE_CONTROL,
    PRIMITIVE,
];
