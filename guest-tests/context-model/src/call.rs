//! What is asked of a file's contexts, and what the answers are.

/// An engine's class and instance.
pub type Engine = (u16, u16);

/// The name that leaves a slot of an engine map empty.
pub const NO_ENGINE: Engine = (u16::MAX, u16::MAX);

/// `I915_CONTEXT_PARAM_*`.
pub mod param {
    /// Gone: always refused.
    pub const BAN_PERIOD: u64 = 0x1;
    /// Gone: always refused.
    pub const NO_ZEROMAP: u64 = 0x2;
    /// Bytes of the address space; only asked for.
    pub const GTT_SIZE: u64 = 0x3;
    /// Hangs leave no error state.
    pub const NO_ERROR_CAPTURE: u64 = 0x4;
    /// Hangs ban the context.
    pub const BANNABLE: u64 = 0x5;
    /// Place in the queue.
    pub const PRIORITY: u64 = 0x6;
    /// Slices of an engine.
    pub const SSEU: u64 = 0x7;
    /// Goes on after a hang.
    pub const RECOVERABLE: u64 = 0x8;
    /// The address space.
    pub const VM: u64 = 0x9;
    /// The engine map.
    pub const ENGINES: u64 = 0xa;
    /// Its work outlives its closing.
    pub const PERSISTENCE: u64 = 0xb;
    /// Gone: always refused.
    pub const RINGSIZE: u64 = 0xc;
    /// Memory that only the GPU can read.
    pub const PROTECTED_CONTENT: u64 = 0xd;
    /// Wants a scheduler in firmware.
    pub const LOW_LATENCY: u64 = 0xe;
    /// For debugging kernels.
    pub const CONTEXT_IMAGE: u64 = 0xf;
}

/// The errors that contexts are refused with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::upper_case_acronyms, reason = "named as in errno.h")]
#[repr(i32)]
pub enum Errno {
    /// A capability is missing.
    EPERM = 1,
    /// No such id, or engine.
    ENOENT = 2,
    /// The file is closed.
    EBADF = 9,
    /// No memory.
    ENOMEM = 12,
    /// An extension's slot is taken.
    EEXIST = 17,
    /// The platform can't.
    ENODEV = 19,
    /// The caller's mistake.
    EINVAL = 22,
    /// Not in this mode of the address space.
    EOPNOTSUPP = 95,
}

/// What the calling thread may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Has CAP_SYS_ADMIN and CAP_SYS_NICE.
    pub privileged: bool,
}

/// An extension of an engine map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// `I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE`
    Balance {
        /// The slot to fill.
        slot: u16,
        /// What to choose from.
        siblings: Vec<Engine>,
    },
    /// An extension of a name that nobody has given.
    Unknown,
}

/// What `I915_CONTEXT_PARAM_SSEU` points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slices {
    /// The engine; with `by_index` the slot of the map is in the instance.
    pub engine: Engine,
    /// `I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX`
    pub by_index: bool,
    /// Slices.
    pub slices: u64,
    /// Subslices of each slice.
    pub subslices: u64,
    /// Execution units of a subslice, least and most.
    pub units: (u16, u16),
}

/// What stands behind a parameter's `value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// The value itself.
    Number(u64),
    /// The address of an engine map.
    Engines(Vec<Engine>, Vec<Extension>),
    /// The address of a configuration of slices.
    Slices(Slices),
}

/// A parameter to be set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Set {
    /// Which, of [`param`].
    pub param: u64,
    /// Bytes at `value` if that is an address; must be 0 for most that are none.
    pub size: u32,
    /// The value.
    pub value: Value,
}

/// A link of CONTEXT_CREATE_EXT's chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// `I915_CONTEXT_CREATE_EXT_SETPARAM`
    Set(Set),
    /// The same, with a context named in the parameter.
    SetOther(Set),
    /// `I915_CONTEXT_CREATE_EXT_CLONE`, which is gone.
    Clone,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// VM_CREATE, of an address space in VM_BIND mode or not.
    CreateVm {
        /// `I915_VM_CREATE_FLAGS_USE_VM_BIND`
        bind_mode: bool,
    },
    /// VM_DESTROY.
    DestroyVm {
        /// The address space's id.
        vm: u32,
    },
    /// CONTEXT_CREATE_EXT.
    Create {
        /// `I915_CONTEXT_CREATE_FLAGS_*` besides USE_EXTENSIONS.
        flags: u32,
        /// The chain.
        chain: Vec<Link>,
    },
    /// CONTEXT_SETPARAM.
    Set {
        /// The context's id.
        context: u32,
        /// What to set.
        set: Set,
    },
    /// CONTEXT_GETPARAM.
    Get {
        /// The context's id.
        context: u32,
        /// Which parameter, of [`param`].
        param: u64,
    },
    /// CONTEXT_GETPARAM of `I915_CONTEXT_PARAM_SSEU`.
    GetSlices {
        /// The context's id.
        context: u32,
        /// The engine, as in [`Slices`].
        engine: Engine,
        /// As in [`Slices`].
        by_index: bool,
    },
    /// EXECBUFFER2.
    Submit {
        /// The context's id.
        context: u32,
        /// A ring's number, or with an engine map of its own an index into that.
        engine: u32,
        /// Building the context fails for want of memory, if it comes to that.
        no_memory: bool,
    },
    /// GET_RESET_STATS.
    ResetStats {
        /// The context's id.
        context: u32,
    },
    /// CONTEXT_DESTROY.
    Destroy {
        /// The context's id.
        context: u32,
    },
    /// The file is closed.
    Close,
}

/// What a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Success, and nothing else to say.
    Done,
    /// The id of a new context.
    NewContext(u32),
    /// The id of a new handle of an address space.
    NewVm(u32),
    /// A parameter's value.
    Value(u64),
    /// Slices, subslices, least and most execution units.
    Slices(u64, u64, (u16, u16)),
    /// A submission has gone to this context, on this address space, if the observer can
    /// tell one from another.
    Submitted(Option<(u64, u64)>),
    /// GET_RESET_STATS: guilty and innocent.
    Stats(u32, u32),
    /// Refused.
    Failed(Errno),
    /// Refused with an error that no rule gives.
    FailedOtherwise(i32),
}
