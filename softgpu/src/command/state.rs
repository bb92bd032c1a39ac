//! The rows of type 3: 3D, media and compute. The model has none of the units they
//! speak to, so state is skipped by its length and work hangs; PIPE_CONTROL alone
//! does something.

use super::FieldKind::{Choice, Rest};
use super::{Action, Command, Length, address, field, flag};
use crate::execute::flush;
use crate::platform::{EngineClass, EngineSet};

const RENDER: EngineSet = EngineSet::RENDER;
const VIDEO: EngineSet = EngineSet::VIDEO;

/// State of one dword.
const fn short(name: &'static str, opcode: u32, engines: EngineSet) -> Command {
    Command {
        name,
        mask: 0xffff_0000,
        value: opcode << 16,
        length: Length::One,
        engines,
        fields: &[],
        action: Action::State,
    }
}

/// State with a length field of `bits`.
const fn state(name: &'static str, opcode: u32, bits: u8, engines: EngineSet) -> Command {
    let length = Length::Field {
        bits,
        bias: 2,
        min: 2,
        max: u16::MAX,
    };
    Command {
        length,
        ..short(name, opcode, engines)
    }
}

/// Work, with a length field of `bits`.
const fn work(name: &'static str, opcode: u32, bits: u8, engines: EngineSet) -> Command {
    Command {
        action: Action::NoShaderCores,
        ..state(name, opcode, bits, engines)
    }
}

/// The command that begins with `header`.
pub(super) fn lookup(header: u32, class: EngineClass) -> Option<&'static Command> {
    let table = match class {
        EngineClass::Render => RENDER_ROWS,
        EngineClass::Video => VIDEO_ROWS,
        EngineClass::Copy | EngineClass::VideoEnhance => return None,
    };
    let key = header & 0xffff_0000;
    let row = table
        .binary_search_by_key(&key, |command| command.value)
        .ok()?;
    table.get(row)
}

/// Number of rows of the render engine.
const RENDER_COUNT: usize = RENDER_ROWS.len();

/// All rows, for those who list the table.
pub(super) static TABLE: &[Command] = &{
    let mut rows = [PIPE_CONTROL; RENDER_COUNT + VIDEO_ROWS.len()];
    let mut row = 0;
    while row < rows.len() {
        rows[row] = if row < RENDER_COUNT {
            RENDER_ROWS[row]
        } else {
            VIDEO_ROWS[row - RENDER_COUNT]
        };
        row += 1;
    }
    rows
};

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
    engines: RENDER,
    fields: &[
        field(
            "post-sync",
            1,
            15,
            14,
            Choice(&["none", "immediate", "depth count", "timestamp"]),
        ),
        flag("command streamer stall", 1, 20),
        flag("notify", 1, 8),
        flag("register write", 1, 23),
        flag("TLB invalidate", 1, 18),
        flag("render target flush", 1, 12),
        flag("depth flush", 1, 0),
        flag("data cache flush", 1, 5),
        address("address", 2, 2),
        field("data", 4, 31, 0, Rest),
    ],
    action: Action::Execute(flush::pipe_control),
};

/// Sorted by value.
const RENDER_ROWS: &[Command] = &[
    state("STATE_BASE_ADDRESS", 0x6101, 8, RENDER),
    state("STATE_SIP", 0x6102, 8, RENDER),
    state("SWTESS_BASE_ADDRESS", 0x6103, 8, RENDER),
    state("GPGPU_CSR_BASE_ADDRESS", 0x6104, 8, RENDER),
    state("STATE_COMPUTE_MODE", 0x6105, 8, RENDER),
    short("3DSTATE_VF_STATISTICS", 0x680b, RENDER),
    short("PIPELINE_SELECT", 0x6904, RENDER),
    state("MEDIA_VFE_STATE", 0x7000, 16, RENDER),
    state("MEDIA_CURBE_LOAD", 0x7001, 16, RENDER),
    state("MEDIA_INTERFACE_DESCRIPTOR_LOAD", 0x7002, 16, RENDER),
    state("MEDIA_STATE_FLUSH", 0x7004, 16, RENDER),
    work("MEDIA_OBJECT", 0x7100, 15, RENDER),
    work("MEDIA_OBJECT_PRT", 0x7102, 15, RENDER),
    work("MEDIA_OBJECT_WALKER", 0x7103, 15, RENDER),
    work("GPGPU_WALKER", 0x7105, 8, RENDER),
    work("MEDIA_OBJECT_GRPID", 0x7106, 16, RENDER),
    state("3DSTATE_CLEAR_PARAMS", 0x7804, 8, RENDER),
    state("3DSTATE_DEPTH_BUFFER", 0x7805, 8, RENDER),
    state("3DSTATE_STENCIL_BUFFER", 0x7806, 8, RENDER),
    state("3DSTATE_HIER_DEPTH_BUFFER", 0x7807, 8, RENDER),
    state("3DSTATE_VERTEX_BUFFERS", 0x7808, 8, RENDER),
    state("3DSTATE_VERTEX_ELEMENTS", 0x7809, 8, RENDER),
    state("3DSTATE_INDEX_BUFFER", 0x780a, 8, RENDER),
    state("3DSTATE_VF", 0x780c, 8, RENDER),
    state("3DSTATE_MULTISAMPLE", 0x780d, 8, RENDER),
    state("3DSTATE_CC_STATE_POINTERS", 0x780e, 8, RENDER),
    state("3DSTATE_SCISSOR_STATE_POINTERS", 0x780f, 8, RENDER),
    state("3DSTATE_VS", 0x7810, 8, RENDER),
    state("3DSTATE_GS", 0x7811, 8, RENDER),
    state("3DSTATE_CLIP", 0x7812, 8, RENDER),
    state("3DSTATE_SF", 0x7813, 8, RENDER),
    state("3DSTATE_WM", 0x7814, 8, RENDER),
    state("3DSTATE_CONSTANT_VS", 0x7815, 8, RENDER),
    state("3DSTATE_CONSTANT_GS", 0x7816, 8, RENDER),
    state("3DSTATE_CONSTANT_PS", 0x7817, 8, RENDER),
    state("3DSTATE_SAMPLE_MASK", 0x7818, 8, RENDER),
    state("3DSTATE_CONSTANT_HS", 0x7819, 8, RENDER),
    state("3DSTATE_CONSTANT_DS", 0x781a, 8, RENDER),
    state("3DSTATE_HS", 0x781b, 8, RENDER),
    state("3DSTATE_TE", 0x781c, 8, RENDER),
    state("3DSTATE_DS", 0x781d, 8, RENDER),
    state("3DSTATE_STREAMOUT", 0x781e, 8, RENDER),
    state("3DSTATE_SBE", 0x781f, 8, RENDER),
    state("3DSTATE_PS", 0x7820, 8, RENDER),
    state("3DSTATE_VIEWPORT_STATE_POINTERS_SF_CLIP", 0x7821, 8, RENDER),
    state("3DSTATE_VIEWPORT_STATE_POINTERS_CC", 0x7823, 8, RENDER),
    state("3DSTATE_BLEND_STATE_POINTERS", 0x7824, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_POINTERS_VS", 0x7826, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_POINTERS_HS", 0x7827, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_POINTERS_DS", 0x7828, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_POINTERS_GS", 0x7829, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_POINTERS_PS", 0x782a, 8, RENDER),
    state("3DSTATE_SAMPLER_STATE_POINTERS_VS", 0x782b, 8, RENDER),
    state("3DSTATE_SAMPLER_STATE_POINTERS_HS", 0x782c, 8, RENDER),
    state("3DSTATE_SAMPLER_STATE_POINTERS_DS", 0x782d, 8, RENDER),
    state("3DSTATE_SAMPLER_STATE_POINTERS_GS", 0x782e, 8, RENDER),
    state("3DSTATE_SAMPLER_STATE_POINTERS_PS", 0x782f, 8, RENDER),
    state("3DSTATE_URB_VS", 0x7830, 8, RENDER),
    state("3DSTATE_URB_HS", 0x7831, 8, RENDER),
    state("3DSTATE_URB_DS", 0x7832, 8, RENDER),
    state("3DSTATE_URB_GS", 0x7833, 8, RENDER),
    state("3DSTATE_GATHER_CONSTANT_VS", 0x7834, 8, RENDER),
    state("3DSTATE_GATHER_CONSTANT_GS", 0x7835, 8, RENDER),
    state("3DSTATE_GATHER_CONSTANT_HS", 0x7836, 8, RENDER),
    state("3DSTATE_GATHER_CONSTANT_DS", 0x7837, 8, RENDER),
    state("3DSTATE_GATHER_CONSTANT_PS", 0x7838, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_EDIT_VS", 0x7843, 9, RENDER),
    state("3DSTATE_BINDING_TABLE_EDIT_GS", 0x7844, 9, RENDER),
    state("3DSTATE_BINDING_TABLE_EDIT_HS", 0x7845, 9, RENDER),
    state("3DSTATE_BINDING_TABLE_EDIT_DS", 0x7846, 9, RENDER),
    state("3DSTATE_BINDING_TABLE_EDIT_PS", 0x7847, 9, RENDER),
    state("3DSTATE_VF_INSTANCING", 0x7849, 8, RENDER),
    state("3DSTATE_VF_SGVS", 0x784a, 8, RENDER),
    state("3DSTATE_VF_TOPOLOGY", 0x784b, 8, RENDER),
    state("3DSTATE_WM_CHROMAKEY", 0x784c, 8, RENDER),
    state("3DSTATE_PS_BLEND", 0x784d, 8, RENDER),
    state("3DSTATE_WM_DEPTH_STENCIL", 0x784e, 8, RENDER),
    state("3DSTATE_PS_EXTRA", 0x784f, 8, RENDER),
    state("3DSTATE_RASTER", 0x7850, 8, RENDER),
    state("3DSTATE_SBE_SWIZ", 0x7851, 8, RENDER),
    state("3DSTATE_WM_HZ_OP", 0x7852, 8, RENDER),
    state("3DSTATE_RS_CONSTANT_POINTER", 0x7854, 8, RENDER),
    state("3DSTATE_VF_COMPONENT_PACKING", 0x7855, 8, RENDER),
    state("3DSTATE_VF_SGVS_2", 0x7856, 8, RENDER),
    state("3DSTATE_SO_BUFFER_INDEX_0", 0x7860, 8, RENDER),
    state("3DSTATE_SO_BUFFER_INDEX_1", 0x7861, 8, RENDER),
    state("3DSTATE_SO_BUFFER_INDEX_2", 0x7862, 8, RENDER),
    state("3DSTATE_SO_BUFFER_INDEX_3", 0x7863, 8, RENDER),
    state("3DSTATE_CONSTANT_ALL", 0x786d, 8, RENDER),
    state("3DSTATE_DEPTH_BOUNDS", 0x7871, 8, RENDER),
    state("3DSTATE_DRAWING_RECTANGLE", 0x7900, 8, RENDER),
    state("3DSTATE_SAMPLER_PALETTE_LOAD0", 0x7902, 8, RENDER),
    state("3DSTATE_CHROMA_KEY", 0x7904, 8, RENDER),
    state("3DSTATE_POLY_STIPPLE_OFFSET", 0x7906, 8, RENDER),
    state("3DSTATE_POLY_STIPPLE_PATTERN", 0x7907, 8, RENDER),
    state("3DSTATE_LINE_STIPPLE", 0x7908, 8, RENDER),
    state("3DSTATE_AA_LINE_PARAMETERS", 0x790a, 8, RENDER),
    state("3DSTATE_SAMPLER_PALETTE_LOAD1", 0x790c, 8, RENDER),
    state("3DSTATE_MONOFILTER_SIZE", 0x7911, 8, RENDER),
    state("3DSTATE_PUSH_CONSTANT_ALLOC_VS", 0x7912, 8, RENDER),
    state("3DSTATE_PUSH_CONSTANT_ALLOC_HS", 0x7913, 8, RENDER),
    state("3DSTATE_PUSH_CONSTANT_ALLOC_DS", 0x7914, 8, RENDER),
    state("3DSTATE_PUSH_CONSTANT_ALLOC_GS", 0x7915, 8, RENDER),
    state("3DSTATE_PUSH_CONSTANT_ALLOC_PS", 0x7916, 8, RENDER),
    state("3DSTATE_SO_DECL_LIST", 0x7917, 9, RENDER),
    state("3DSTATE_SO_BUFFER", 0x7918, 8, RENDER),
    state("3DSTATE_BINDING_TABLE_POOL_ALLOC", 0x7919, 8, RENDER),
    state("3DSTATE_GATHER_POOL_ALLOC", 0x791a, 8, RENDER),
    state("3DSTATE_SAMPLE_PATTERN", 0x791c, 8, RENDER),
    state("3DSTATE_URB_CLEAR", 0x791d, 8, RENDER),
    state("3DSTATE_3D_MODE", 0x791e, 8, RENDER),
    state("3DSTATE_SLICE_TABLE_STATE_POINTERS", 0x7920, 8, RENDER),
    PIPE_CONTROL,
    work("3DPRIMITIVE", 0x7b00, 8, RENDER),
];

/// Sorted by value.
const VIDEO_ROWS: &[Command] = &[
    short("MFX_WAIT", 0x6800, VIDEO),
    state("MFX_PIPE_MODE_SELECT", 0x7000, 12, VIDEO),
    state("MFX_SURFACE_STATE", 0x7001, 12, VIDEO),
    state("MFX_PIPE_BUF_ADDR_STATE", 0x7002, 12, VIDEO),
    state("MFX_IND_OBJ_BASE_ADDR_STATE", 0x7003, 12, VIDEO),
    state("MFX_BSP_BUF_BASE_ADDR_STATE", 0x7004, 12, VIDEO),
    state("MFX_STATE_POINTER", 0x7006, 12, VIDEO),
    state("MFX_QM_STATE", 0x7007, 12, VIDEO),
    state("MFX_FQM_STATE", 0x7008, 12, VIDEO),
    work("MFX_DBK_OBJECT", 0x7009, 12, VIDEO),
    work("MFD_IT_OBJECT", 0x7029, 12, VIDEO),
    work("MFX_PAK_INSERT_OBJECT", 0x7048, 12, VIDEO),
    work("MFX_STITCH_OBJECT", 0x704a, 12, VIDEO),
    state("VDENC_PIPE_MODE_SELECT", 0x7080, 12, VIDEO),
    state("VDENC_SRC_SURFACE_STATE", 0x7081, 12, VIDEO),
    state("VDENC_REF_SURFACE_STATE", 0x7082, 12, VIDEO),
    state("VDENC_DS_REF_SURFACE_STATE", 0x7083, 12, VIDEO),
    state("VDENC_PIPE_BUF_ADDR_STATE", 0x7084, 12, VIDEO),
    state("VDENC_IMG_STATE", 0x7085, 12, VIDEO),
    state("VDENC_CONST_QPT_STATE", 0x7086, 12, VIDEO),
    work("VDENC_WALKER_STATE", 0x7087, 12, VIDEO),
    state("VDENC_WEIGHTSOFFSETS_STATE", 0x7088, 12, VIDEO),
    state("MFX_AVC_IMG_STATE", 0x7100, 12, VIDEO),
    state("MFX_AVC_DIRECTMODE_STATE", 0x7102, 12, VIDEO),
    state("MFX_AVC_SLICE_STATE", 0x7103, 12, VIDEO),
    state("MFX_AVC_REF_IDX_STATE", 0x7104, 12, VIDEO),
    state("MFX_AVC_WEIGHTOFFSET_STATE", 0x7105, 12, VIDEO),
    state("MFD_AVC_PICID_STATE", 0x7125, 12, VIDEO),
    state("MFD_AVC_DPB_STATE", 0x7126, 12, VIDEO),
    state("MFD_AVC_SLICEADDR", 0x7127, 12, VIDEO),
    work("MFD_AVC_BSD_OBJECT", 0x7128, 12, VIDEO),
    work("MFC_AVC_PAK_OBJECT", 0x7149, 12, VIDEO),
    state("MFX_VC1_PRED_PIPE_STATE", 0x7201, 12, VIDEO),
    state("MFX_VC1_DIRECTMODE_STATE", 0x7202, 12, VIDEO),
    state("MFD_VC1_SHORT_PIC_STATE", 0x7220, 12, VIDEO),
    state("MFD_VC1_LONG_PIC_STATE", 0x7221, 12, VIDEO),
    work("MFD_VC1_BSD_OBJECT", 0x7228, 12, VIDEO),
    state("MFX_MPEG2_PIC_STATE", 0x7300, 12, VIDEO),
    work("MFD_MPEG2_BSD_OBJECT", 0x7328, 12, VIDEO),
    state("MFC_MPEG2_SLICEGROUP_STATE", 0x7343, 12, VIDEO),
    work("MFC_MPEG2_PAK_OBJECT", 0x7349, 12, VIDEO),
    state("HCP_PIPE_MODE_SELECT", 0x7380, 12, VIDEO),
    state("HCP_SURFACE_STATE", 0x7381, 12, VIDEO),
    state("HCP_PIPE_BUF_ADDR_STATE", 0x7382, 12, VIDEO),
    state("HCP_IND_OBJ_BASE_ADDR_STATE", 0x7383, 12, VIDEO),
    state("HCP_QM_STATE", 0x7384, 12, VIDEO),
    state("HCP_FQM_STATE", 0x7385, 12, VIDEO),
    state("HEVC_VP9_RDOQ_STATE", 0x7388, 12, VIDEO),
    state("HCP_PIC_STATE", 0x7390, 12, VIDEO),
    state("HCP_TILE_STATE", 0x7391, 12, VIDEO),
    state("HCP_REF_IDX_STATE", 0x7392, 12, VIDEO),
    state("HCP_WEIGHTOFFSET_STATE", 0x7393, 12, VIDEO),
    state("HCP_SLICE_STATE", 0x7394, 12, VIDEO),
    state("HCP_RDOQ_STATE", 0x7395, 12, VIDEO),
    work("HCP_BSD_OBJECT", 0x73a0, 12, VIDEO),
    work("HCP_PAK_OBJECT", 0x73a1, 12, VIDEO),
    work("HCP_PAK_INSERT_OBJECT", 0x73a2, 12, VIDEO),
    state("HCP_VP9_PIC_STATE", 0x73b0, 12, VIDEO),
    state("HCP_VP9_SEGMENT_STATE", 0x73b2, 12, VIDEO),
    work("HCP_VP9_PAK_OBJECT", 0x73b5, 12, VIDEO),
    state("MFX_VP8_PIC_STATE", 0x7400, 12, VIDEO),
    work("MFD_VP8_BSD_OBJECT", 0x7428, 12, VIDEO),
    state("MFX_VP8_ENCODER_CFG", 0x7441, 12, VIDEO),
    state("MFX_VP8_BSP_BUF_BASE_ADDR_STATE", 0x7443, 12, VIDEO),
    work("MFX_VP8_PAK_OBJECT", 0x7449, 12, VIDEO),
    state("SFC_LOCK", 0x7500, 12, VIDEO),
    state("SFC_STATE", 0x7501, 12, VIDEO),
    state("SFC_AVS_STATE", 0x7502, 12, VIDEO),
    state("SFC_IEF_STATE", 0x7503, 12, VIDEO),
    work("SFC_FRAME_START", 0x7504, 12, VIDEO),
    state("SFC_AVS_LUMA_COEFF_TABLE", 0x7505, 12, VIDEO),
    state("SFC_AVS_CHROMA_COEFF_TABLE", 0x7506, 12, VIDEO),
    state("HUC_PIPE_MODE_SELECT", 0x7580, 12, VIDEO),
    state("HUC_IMEM_STATE", 0x7581, 12, VIDEO),
    state("HUC_DMEM_STATE", 0x7582, 12, VIDEO),
    state("HUC_CFG_STATE", 0x7583, 12, VIDEO),
    state("HUC_VIRTUAL_ADDR_STATE", 0x7584, 12, VIDEO),
    state("HUC_IND_OBJ_BASE_ADDR_STATE", 0x7585, 12, VIDEO),
    work("HUC_STREAM_OBJECT", 0x75a0, 12, VIDEO),
    work("HUC_START", 0x75a1, 12, VIDEO),
    state("MFX_JPEG_PIC_STATE", 0x7700, 12, VIDEO),
    state("MFX_JPEG_HUFF_TABLE_STATE", 0x7702, 12, VIDEO),
    work("MFD_JPEG_BSD_OBJECT", 0x7728, 12, VIDEO),
    state("MFC_JPEG_HUFF_TABLE_STATE", 0x7743, 12, VIDEO),
    work("MFC_JPEG_SCAN_OBJECT", 0x7749, 12, VIDEO),
    state("VD_PIPELINE_FLUSH", 0x7780, 12, VIDEO),
];
