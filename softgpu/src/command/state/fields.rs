//! The fields of render state that is worth telling apart: what a dispatch or a draw is
//! made of. Layouts as in Mesa's `src/intel/genxml/gen120.xml`. The names of enumerations
//! and what only tunes the hardware (cacheability, clocks, statistics) are left out where
//! the number says as much.

use super::super::FieldKind::{Choice, Hex, Rest, Signed};
use super::super::{Field, address, field, flag, hex, number, offset};

/// PIPELINE_SELECT.
pub(super) const PIPELINE_SELECT: &[Field] = &[
    field(
        "pipeline",
        0,
        1,
        0,
        Choice(&["3D", "media", "compute", "?"]),
    ),
    hex("mask", 0, 15, 8),
];

/// STATE_BASE_ADDRESS. A base counts where its lowest bit says "modify".
pub(super) const STATE_BASE_ADDRESS: &[Field] = &[
    flag("modify general", 1, 0),
    address("general", 1, 12),
    flag("modify surface", 4, 0),
    address("surface", 4, 12),
    flag("modify dynamic", 6, 0),
    address("dynamic", 6, 12),
    flag("modify indirect", 8, 0),
    address("indirect", 8, 12),
    flag("modify instruction", 10, 0),
    address("instruction", 10, 12),
    offset("general size", 12, 31, 12),
    offset("dynamic size", 13, 31, 12),
    offset("indirect size", 14, 31, 12),
    offset("instruction size", 15, 31, 12),
    flag("modify bindless surface", 16, 0),
    address("bindless surface", 16, 12),
    hex("bindless surfaces", 18, 31, 12),
    flag("modify bindless sampler", 19, 0),
    address("bindless sampler", 19, 12),
    offset("bindless sampler size", 21, 31, 12),
];

/// STATE_SIP.
pub(super) const SIP: &[Field] = &[address("instruction", 1, 4)];

/// GPGPU_CSR_BASE_ADDRESS.
pub(super) const CSR: &[Field] = &[address("base", 1, 12)];

/// STATE_COMPUTE_MODE.
pub(super) const COMPUTE_MODE: &[Field] = &[hex("mask", 1, 31, 16), hex("mode", 1, 15, 0)];

/// MEDIA_VFE_STATE.
pub(super) const VFE_STATE: &[Field] = &[
    number("scratch", 1, 3, 0),
    number("stack", 1, 7, 4),
    address("scratch base", 1, 10),
    number("threads", 3, 31, 16),
    number("URB entries", 3, 15, 8),
    number("URB entry size", 5, 31, 16),
    number("constants", 5, 15, 0),
];

/// MEDIA_CURBE_LOAD.
pub(super) const CURBE_LOAD: &[Field] = &[number("bytes", 2, 16, 0), hex("offset", 3, 31, 0)];

/// MEDIA_INTERFACE_DESCRIPTOR_LOAD.
pub(super) const DESCRIPTOR_LOAD: &[Field] = &[number("bytes", 2, 16, 0), hex("offset", 3, 31, 0)];

/// MEDIA_STATE_FLUSH.
pub(super) const STATE_FLUSH: &[Field] = &[
    flag("flush to global observation", 1, 7),
    number("descriptor", 1, 5, 0),
];

/// GPGPU_WALKER.
pub(super) const WALKER: &[Field] = &[
    flag("indirect", 0, 10),
    flag("predicate", 0, 8),
    number("descriptor", 1, 5, 0),
    number("indirect bytes", 2, 16, 0),
    field("indirect offset", 3, 31, 0, Hex),
    field("SIMD", 4, 31, 30, Choice(&["8", "16", "32", "?"])),
    number("last thread Z", 4, 21, 16),
    number("last thread Y", 4, 13, 8),
    number("last thread X", 4, 5, 0),
    number("first group X", 5, 31, 0),
    number("groups X", 7, 31, 0),
    number("first group Y", 8, 31, 0),
    number("groups Y", 10, 31, 0),
    number("first group Z", 11, 31, 0),
    number("groups Z", 12, 31, 0),
    hex("right mask", 13, 31, 0),
    hex("bottom mask", 14, 31, 0),
];

/// MEDIA_OBJECT.
pub(super) const OBJECT: &[Field] = &[
    number("descriptor", 1, 5, 0),
    number("indirect bytes", 2, 16, 0),
    field("indirect offset", 3, 31, 0, Hex),
    field("data", 6, 31, 0, Rest),
];

/// 3DPRIMITIVE.
pub(super) const DRAW: &[Field] = &[
    flag("extended parameters", 0, 11),
    flag("indirect", 0, 10),
    flag("predicate", 0, 8),
    flag("end offset", 1, 9),
    field("access", 1, 8, 8, Choice(&["sequential", "indexed"])),
    number("topology", 1, 5, 0),
    number("vertices", 2, 31, 0),
    number("first vertex", 3, 31, 0),
    number("instances", 4, 31, 0),
    number("first instance", 5, 31, 0),
    field("base vertex", 6, 31, 0, Signed),
    field("parameters", 7, 31, 0, Rest),
];

/// 3DSTATE_VF_TOPOLOGY.
pub(super) const TOPOLOGY: &[Field] = &[number("topology", 1, 5, 0)];

/// 3DSTATE_VF_STATISTICS.
pub(super) const STATISTICS: &[Field] = &[flag("enable", 0, 0)];

/// 3DSTATE_VF.
pub(super) const VF: &[Field] = &[
    flag("cut index", 0, 8),
    flag("component packing", 0, 9),
    hex("index", 1, 31, 0),
];

/// 3DSTATE_VF_INSTANCING.
pub(super) const INSTANCING: &[Field] = &[
    number("element", 1, 5, 0),
    flag("enable", 1, 8),
    number("step", 2, 31, 0),
];

/// 3DSTATE_INDEX_BUFFER.
pub(super) const INDEX_BUFFER: &[Field] = &[
    field("format", 1, 9, 8, Choice(&["byte", "word", "dword", "?"])),
    address("address", 2, 0),
    number("bytes", 4, 31, 0),
];

/// An offset into the dynamic or surface state, below which nothing counts.
pub(super) const POINTER: &[Field] = &[offset("offset", 1, 31, 5)];

/// The same with a bit that says whether it counts.
pub(super) const POINTER_VALID: &[Field] = &[offset("offset", 1, 31, 6), flag("valid", 1, 0)];

/// 3DSTATE_BINDING_TABLE_POOL_ALLOC.
pub(super) const POOL: &[Field] = &[
    flag("enable", 1, 11),
    address("base", 1, 12),
    offset("size", 3, 31, 12),
];

/// 3DSTATE_URB_*.
pub(super) const URB: &[Field] = &[
    number("start", 1, 31, 25),
    number("size", 1, 24, 16),
    number("entries", 1, 15, 0),
];

/// 3DSTATE_PUSH_CONSTANT_ALLOC_*.
pub(super) const PUSH_CONSTANTS: &[Field] = &[number("offset", 1, 20, 16), number("size", 1, 5, 0)];

/// 3DSTATE_CONSTANT_*.
pub(super) const CONSTANTS: &[Field] = &[
    number("length 0", 1, 15, 0),
    number("length 1", 1, 31, 16),
    number("length 2", 2, 15, 0),
    number("length 3", 2, 31, 16),
    address("buffer 0", 3, 5),
    address("buffer 1", 5, 5),
    address("buffer 2", 7, 5),
    address("buffer 3", 9, 5),
];

/// 3DSTATE_CONSTANT_ALL.
pub(super) const CONSTANT_ALL: &[Field] = &[
    hex("shaders", 0, 12, 8),
    hex("buffers", 1, 19, 16),
    field("pointers", 2, 31, 0, Rest),
];

/// 3DSTATE_DRAWING_RECTANGLE.
pub(super) const RECTANGLE: &[Field] = &[
    number("x1", 1, 15, 0),
    number("y1", 1, 31, 16),
    number("x2", 2, 15, 0),
    number("y2", 2, 31, 16),
    field("origin x", 3, 15, 0, Signed),
    field("origin y", 3, 31, 16, Signed),
];

/// 3DSTATE_DEPTH_BUFFER.
pub(super) const DEPTH: &[Field] = &[
    number("type", 1, 31, 29),
    flag("write", 1, 28),
    number("format", 1, 26, 24),
    flag("hierarchical", 1, 22),
    number("pitch - 1", 1, 17, 0),
    address("address", 2, 0),
    number("height - 1", 4, 30, 17),
    number("width - 1", 4, 14, 1),
    number("depth - 1", 5, 30, 20),
];

/// 3DSTATE_STENCIL_BUFFER.
pub(super) const STENCIL: &[Field] = &[
    number("type", 1, 31, 29),
    flag("write", 1, 28),
    number("pitch - 1", 1, 16, 0),
    address("address", 2, 0),
    number("height - 1", 4, 30, 17),
    number("width - 1", 4, 14, 1),
    number("depth - 1", 5, 30, 20),
];

/// 3DSTATE_HIER_DEPTH_BUFFER.
pub(super) const HIERARCHICAL_DEPTH: &[Field] =
    &[number("pitch - 1", 1, 16, 0), address("address", 2, 0)];

/// 3DSTATE_CLEAR_PARAMS.
pub(super) const CLEAR: &[Field] = &[hex("depth", 1, 31, 0), flag("valid", 2, 0)];

/// 3DSTATE_SAMPLE_MASK.
pub(super) const SAMPLE_MASK: &[Field] = &[hex("mask", 1, 15, 0)];

/// 3DSTATE_MULTISAMPLE.
pub(super) const MULTISAMPLE: &[Field] = &[
    number("log2 of samples", 1, 3, 1),
    field("pixel at", 1, 4, 4, Choice(&["centre", "corner"])),
];

/// 3DSTATE_VS.
pub(super) const VERTEX_SHADER: &[Field] = &[
    address("kernel", 1, 6),
    number("samplers / 4", 3, 29, 27),
    number("binding table", 3, 25, 18),
    number("scratch", 4, 3, 0),
    address("scratch base", 4, 10),
    number("first register", 6, 24, 20),
    number("threads - 1", 7, 31, 22),
    flag("enable", 7, 0),
];

/// 3DSTATE_HS.
pub(super) const HULL_SHADER: &[Field] = &[
    number("samplers / 4", 1, 29, 27),
    number("binding table", 1, 25, 18),
    flag("enable", 2, 31),
    number("threads - 1", 2, 16, 8),
    number("instances - 1", 2, 3, 0),
    address("kernel", 3, 6),
    number("scratch", 5, 3, 0),
    address("scratch base", 5, 10),
];

/// 3DSTATE_DS.
pub(super) const DOMAIN_SHADER: &[Field] = &[
    address("kernel", 1, 6),
    number("samplers / 4", 3, 29, 27),
    number("binding table", 3, 25, 18),
    number("scratch", 4, 3, 0),
    address("scratch base", 4, 10),
    number("first register", 6, 24, 20),
    number("threads - 1", 7, 30, 21),
    flag("enable", 7, 0),
];

/// 3DSTATE_GS.
pub(super) const GEOMETRY_SHADER: &[Field] = &[
    address("kernel", 1, 6),
    number("samplers / 4", 3, 29, 27),
    number("binding table", 3, 25, 18),
    number("scratch", 4, 3, 0),
    address("scratch base", 4, 10),
    number("output topology", 6, 22, 17),
    flag("enable", 7, 0),
    number("threads - 1", 8, 8, 0),
];

/// 3DSTATE_PS.
pub(super) const PIXEL_SHADER: &[Field] = &[
    address("kernel 0", 1, 6),
    number("samplers / 4", 3, 29, 27),
    number("binding table", 3, 25, 18),
    number("scratch", 4, 3, 0),
    address("scratch base", 4, 10),
    flag("8 pixels", 6, 0),
    flag("16 pixels", 6, 1),
    flag("32 pixels", 6, 2),
    number("threads - 1", 6, 31, 23),
    number("first register 0", 7, 22, 16),
    number("first register 1", 7, 14, 8),
    number("first register 2", 7, 6, 0),
    address("kernel 1", 8, 6),
    address("kernel 2", 10, 6),
];

/// 3DSTATE_PS_EXTRA.
pub(super) const PS_EXTRA: &[Field] = &[
    flag("valid", 1, 31),
    flag("writes no target", 1, 30),
    flag("kills pixels", 1, 28),
    number("computed depth", 1, 27, 26),
    flag("attributes", 1, 8),
    flag("per sample", 1, 6),
];

/// 3DSTATE_PS_BLEND.
pub(super) const PS_BLEND: &[Field] = &[
    flag("alpha to coverage", 1, 31),
    flag("writes a target", 1, 30),
    flag("blend", 1, 29),
    flag("independent alpha", 1, 7),
    number("source alpha", 1, 28, 24),
    number("destination alpha", 1, 23, 19),
    number("source colour", 1, 18, 14),
    number("destination colour", 1, 13, 9),
];

/// 3DSTATE_SO_BUFFER.
pub(super) const SO_BUFFER: &[Field] = &[
    flag("enable", 1, 31),
    number("buffer", 1, 30, 29),
    address("address", 2, 2),
    number("dwords - 1", 4, 29, 0),
    address("offset at", 5, 2),
    hex("offset", 7, 31, 0),
];

/// 3DSTATE_STREAMOUT.
pub(super) const STREAMOUT: &[Field] = &[
    flag("enable", 1, 31),
    flag("no rendering", 1, 30),
    number("stream", 1, 28, 27),
    number("pitch 0", 3, 11, 0),
    number("pitch 1", 3, 27, 16),
    number("pitch 2", 4, 11, 0),
    number("pitch 3", 4, 27, 16),
];

/// 3DSTATE_RASTER.
pub(super) const RASTER: &[Field] = &[
    field(
        "cull",
        1,
        17,
        16,
        Choice(&["both", "none", "front", "back"]),
    ),
    field(
        "front",
        1,
        21,
        21,
        Choice(&["clockwise", "counter-clockwise"]),
    ),
    field(
        "front fill",
        1,
        6,
        5,
        Choice(&["solid", "lines", "points", "?"]),
    ),
    field(
        "back fill",
        1,
        4,
        3,
        Choice(&["solid", "lines", "points", "?"]),
    ),
    flag("scissor", 1, 1),
];

/// 3DSTATE_SBE.
pub(super) const SBE: &[Field] = &[
    number("attributes", 1, 27, 22),
    number("read length", 1, 15, 11),
    number("read offset", 1, 10, 5),
    hex("constant interpolation", 3, 31, 0),
];

/// 3DSTATE_WM.
pub(super) const WM: &[Field] = &[
    flag("statistics", 1, 31),
    number("early depth", 1, 22, 21),
    number("forced dispatch", 1, 20, 19),
    hex("barycentric modes", 1, 16, 11),
];

/// 3DSTATE_CLIP.
pub(super) const CLIP: &[Field] = &[
    flag("enable", 2, 31),
    field("API", 2, 30, 30, Choice(&["OpenGL", "Direct3D"])),
    flag("clip to viewport", 2, 28),
    flag("guard band", 2, 26),
    number("mode", 2, 15, 13),
    number("last viewport", 3, 3, 0),
];

/// 3DSTATE_SF.
pub(super) const SF: &[Field] = &[
    flag("viewport transform", 1, 1),
    number("line width * 128", 1, 29, 12),
    number("point width * 8", 3, 10, 0),
];
