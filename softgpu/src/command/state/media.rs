//! The rows of the video engines. Opcodes as in the `mhw_*_hwcmd_g12_X.h` files of
//! Intel's media driver.

use super::super::Command;
use super::{DWORDS, long};
use crate::platform::EngineSet;

const fn short(name: &'static str, opcode: u32) -> Command {
    super::short(name, opcode, EngineSet::VIDEO, &[])
}

const fn state(name: &'static str, opcode: u32, bits: u8) -> Command {
    long(name, opcode, bits, EngineSet::VIDEO, DWORDS)
}

const fn work(name: &'static str, opcode: u32, bits: u8) -> Command {
    super::work(name, opcode, bits, EngineSet::VIDEO)
}

const fn enhance(name: &'static str, opcode: u32) -> Command {
    long(name, opcode, 12, EngineSet::VIDEO_ENHANCE, DWORDS)
}

const fn enhance_work(name: &'static str, opcode: u32) -> Command {
    super::work(name, opcode, 12, EngineSet::VIDEO_ENHANCE)
}

/// Sorted by value.
pub(super) const VIDEO_ROWS: &[Command] = &[
    short("MFX_WAIT", 0x6800),
    state("MFX_PIPE_MODE_SELECT", 0x7000, 12),
    state("MFX_SURFACE_STATE", 0x7001, 12),
    state("MFX_PIPE_BUF_ADDR_STATE", 0x7002, 12),
    state("MFX_IND_OBJ_BASE_ADDR_STATE", 0x7003, 12),
    state("MFX_BSP_BUF_BASE_ADDR_STATE", 0x7004, 12),
    state("MFX_STATE_POINTER", 0x7006, 12),
    state("MFX_QM_STATE", 0x7007, 12),
    state("MFX_FQM_STATE", 0x7008, 12),
    work("MFX_DBK_OBJECT", 0x7009, 12),
    work("MFD_IT_OBJECT", 0x7029, 12),
    work("MFX_PAK_INSERT_OBJECT", 0x7048, 12),
    work("MFX_STITCH_OBJECT", 0x704a, 12),
    state("VDENC_PIPE_MODE_SELECT", 0x7080, 12),
    state("VDENC_SRC_SURFACE_STATE", 0x7081, 12),
    state("VDENC_REF_SURFACE_STATE", 0x7082, 12),
    state("VDENC_DS_REF_SURFACE_STATE", 0x7083, 12),
    state("VDENC_PIPE_BUF_ADDR_STATE", 0x7084, 12),
    state("VDENC_IMG_STATE", 0x7085, 12),
    state("VDENC_CONST_QPT_STATE", 0x7086, 12),
    work("VDENC_WALKER_STATE", 0x7087, 12),
    state("VDENC_WEIGHTSOFFSETS_STATE", 0x7088, 12),
    state("VDENC_CMD2", 0x7089, 12),
    state("VDENC_CMD1", 0x708a, 12),
    state("VDENC_CONTROL_STATE", 0x708b, 12),
    state("MFX_AVC_IMG_STATE", 0x7100, 12),
    state("MFX_AVC_DIRECTMODE_STATE", 0x7102, 12),
    state("MFX_AVC_SLICE_STATE", 0x7103, 12),
    state("MFX_AVC_REF_IDX_STATE", 0x7104, 12),
    state("MFX_AVC_WEIGHTOFFSET_STATE", 0x7105, 12),
    state("MFD_AVC_PICID_STATE", 0x7125, 12),
    state("MFD_AVC_DPB_STATE", 0x7126, 12),
    state("MFD_AVC_SLICEADDR", 0x7127, 12),
    work("MFD_AVC_BSD_OBJECT", 0x7128, 12),
    work("MFC_AVC_PAK_OBJECT", 0x7149, 12),
    state("AVP_PIPE_MODE_SELECT", 0x7180, 12),
    state("AVP_SURFACE_STATE", 0x7181, 12),
    state("AVP_PIPE_BUF_ADDR_STATE", 0x7182, 12),
    state("AVP_IND_OBJ_BASE_ADDR_STATE", 0x7183, 12),
    state("VD_CONTROL_STATE", 0x718a, 12),
    state("AVP_INTER_PRED_STATE", 0x7192, 12),
    state("AVP_TILE_CODING", 0x7195, 12),
    work("AVP_BSD_OBJECT", 0x71a0, 12),
    state("AVP_PIC_STATE", 0x71b0, 12),
    state("AVP_SEGMENT_STATE", 0x71b2, 12),
    state("AVP_INLOOP_FILTER_STATE", 0x71b3, 12),
    state("MFX_VC1_PRED_PIPE_STATE", 0x7201, 12),
    state("MFX_VC1_DIRECTMODE_STATE", 0x7202, 12),
    state("MFD_VC1_SHORT_PIC_STATE", 0x7220, 12),
    state("MFD_VC1_LONG_PIC_STATE", 0x7221, 12),
    work("MFD_VC1_BSD_OBJECT", 0x7228, 12),
    state("MFX_MPEG2_PIC_STATE", 0x7300, 12),
    work("MFD_MPEG2_BSD_OBJECT", 0x7328, 12),
    state("MFC_MPEG2_SLICEGROUP_STATE", 0x7343, 12),
    work("MFC_MPEG2_PAK_OBJECT", 0x7349, 12),
    state("HCP_PIPE_MODE_SELECT", 0x7380, 12),
    state("HCP_SURFACE_STATE", 0x7381, 12),
    state("HCP_PIPE_BUF_ADDR_STATE", 0x7382, 12),
    state("HCP_IND_OBJ_BASE_ADDR_STATE", 0x7383, 12),
    state("HCP_QM_STATE", 0x7384, 12),
    state("HCP_FQM_STATE", 0x7385, 12),
    state("HEVC_VP9_RDOQ_STATE", 0x7388, 12),
    state("HCP_PALETTE_INITIALIZER_STATE", 0x7389, 12),
    state("VD_CONTROL_STATE", 0x738a, 12),
    state("HCP_PIC_STATE", 0x7390, 12),
    state("HCP_TILE_STATE", 0x7391, 12),
    state("HCP_REF_IDX_STATE", 0x7392, 12),
    state("HCP_WEIGHTOFFSET_STATE", 0x7393, 12),
    state("HCP_SLICE_STATE", 0x7394, 12),
    state("HCP_TILE_CODING", 0x7395, 12),
    work("HCP_BSD_OBJECT", 0x73a0, 12),
    work("HCP_PAK_OBJECT", 0x73a1, 12),
    work("HCP_PAK_INSERT_OBJECT", 0x73a2, 12),
    state("HCP_VP9_PIC_STATE", 0x73b0, 12),
    state("HCP_VP9_SEGMENT_STATE", 0x73b2, 12),
    work("HCP_VP9_PAK_OBJECT", 0x73b5, 12),
    state("MFX_VP8_PIC_STATE", 0x7400, 12),
    work("MFD_VP8_BSD_OBJECT", 0x7428, 12),
    state("MFX_VP8_ENCODER_CFG", 0x7441, 12),
    state("MFX_VP8_BSP_BUF_BASE_ADDR_STATE", 0x7443, 12),
    work("MFX_VP8_PAK_OBJECT", 0x7449, 12),
    state("SFC_LOCK", 0x7480, 12),
    state("SFC_STATE", 0x7481, 12),
    state("SFC_AVS_STATE", 0x7482, 12),
    state("SFC_IEF_STATE", 0x7483, 12),
    work("SFC_FRAME_START", 0x7484, 12),
    state("SFC_AVS_LUMA_COEFF_TABLE", 0x7485, 12),
    state("SFC_AVS_CHROMA_COEFF_TABLE", 0x7486, 12),
    state("SFC_LOCK", 0x7500, 12),
    state("SFC_STATE", 0x7501, 12),
    state("SFC_AVS_STATE", 0x7502, 12),
    state("SFC_IEF_STATE", 0x7503, 12),
    work("SFC_FRAME_START", 0x7504, 12),
    state("SFC_AVS_LUMA_COEFF_TABLE", 0x7505, 12),
    state("SFC_AVS_CHROMA_COEFF_TABLE", 0x7506, 12),
    state("HUC_PIPE_MODE_SELECT", 0x7580, 12),
    state("HUC_IMEM_STATE", 0x7581, 12),
    state("HUC_DMEM_STATE", 0x7582, 12),
    state("HUC_CFG_STATE", 0x7583, 12),
    state("HUC_VIRTUAL_ADDR_STATE", 0x7584, 12),
    state("HUC_IND_OBJ_BASE_ADDR_STATE", 0x7585, 12),
    work("HUC_STREAM_OBJECT", 0x75a0, 12),
    work("HUC_START", 0x75a1, 12),
    state("MFX_JPEG_PIC_STATE", 0x7700, 12),
    state("MFX_JPEG_HUFF_TABLE_STATE", 0x7702, 12),
    work("MFD_JPEG_BSD_OBJECT", 0x7728, 12),
    state("MFC_JPEG_HUFF_TABLE_STATE", 0x7743, 12),
    work("MFC_JPEG_SCAN_OBJECT", 0x7749, 12),
    state("VD_PIPELINE_FLUSH", 0x7780, 12),
];

/// Sorted by value. The scaler (SFC) is shared with the video engines.
pub(super) const ENHANCE_ROWS: &[Command] = &[
    enhance("VEBOX_SURFACE_STATE", 0x7400),
    enhance_work("VEBOX_TILING_CONVERT", 0x7401),
    enhance("VEBOX_STATE", 0x7402),
    enhance_work("VEB_DI_IECP", 0x7403),
    enhance("SFC_LOCK", 0x7500),
    enhance("SFC_STATE", 0x7501),
    enhance("SFC_AVS_STATE", 0x7502),
    enhance("SFC_IEF_STATE", 0x7503),
    enhance_work("SFC_FRAME_START", 0x7504),
    enhance("SFC_AVS_LUMA_COEFF_TABLE", 0x7505),
    enhance("SFC_AVS_CHROMA_COEFF_TABLE", 0x7506),
];
