//! What a walk finds in the context's state and in memory. Layouts as in Mesa's
//! `src/intel/genxml/gen120.xml` and the older ones that it refers to.

use eu::shared::{Bases, REGISTER};

use crate::command::bits;
use crate::completion::HangReason;
use crate::execute::state::{Key, StateRecord};
use crate::execute::{Stop, address, bad_field};
use crate::view::View;

/// Most bytes of CURBE or indirect data: what the commands' length fields can say.
const MOST_DATA: u32 = 0x1_ffff;
/// Bytes of an interface descriptor.
const DESCRIPTOR: u32 = 32;

/// What PIPELINE_SELECT selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipeline {
    Media,
    Compute,
}

impl Pipeline {
    /// Refuses work of a pipeline that is not selected.
    pub(crate) fn check(self, state: &StateRecord) -> Result<(), Stop> {
        let [header] = state.dwords(Key::PipelineSelect);
        match (self, bits(header, 1, 0)) {
            (Self::Media, 1) | (Self::Compute, 2) => Ok(()),
            (Self::Media, _) => bad_field("the media pipeline is not selected"),
            (Self::Compute, _) => bad_field("the compute pipeline is not selected"),
        }
    }
}

/// Base addresses, as STATE_BASE_ADDRESS has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BaseAddresses {
    pub(crate) general: u64,
    pub(crate) surface: u64,
    pub(crate) dynamic: u64,
    pub(crate) indirect: u64,
    pub(crate) instruction: u64,
    pub(crate) bindless_surface: u64,
    pub(crate) bindless_sampler: u64,
}

impl BaseAddresses {
    /// Those of the context.
    pub(crate) fn of(state: &StateRecord) -> Self {
        let dwords = state.dwords::<22>(Key::StateBaseAddress);
        let base = |low: usize| address(dwords[low], dwords[low + 1], 12);
        Self {
            general: base(1),
            surface: base(4),
            dynamic: base(6),
            indirect: base(8),
            instruction: base(10),
            bindless_surface: base(16),
            bindless_sampler: base(19),
        }
    }

    /// What shared functions are told.
    pub(crate) fn shared(
        &self,
        state: &StateRecord,
        descriptor: &Descriptor,
        strict: bool,
    ) -> Bases {
        // With a pool, binding tables are found from its beginning on.
        let pool = state.dwords::<4>(Key::BindingTablePool);
        let table = if bits(pool[1], 11, 11) == 0 {
            descriptor.binding_table
        } else {
            let pool = address(pool[1], pool[2], 12);
            let table = pool.wrapping_add(descriptor.binding_table.into());
            table.wrapping_sub(self.surface) as u32
        };
        Bases {
            general: self.general,
            surface: self.surface,
            dynamic: self.dynamic,
            bindless_surface: self.bindless_surface,
            bindless_sampler: self.bindless_sampler,
            binding_table: table,
            samplers: descriptor.samplers,
            strict,
        }
    }
}

/// MEDIA_VFE_STATE, as far as it is about scratch space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scratch {
    /// Where it begins, from the general state base address on.
    pub(crate) base: u64,
    /// Each thread's size: 1 KiB shifted by this.
    pub(crate) size: u32,
}

impl Scratch {
    /// That of the context.
    pub(crate) fn of(state: &StateRecord) -> Self {
        let dwords = state.dwords::<9>(Key::VfeState);
        Self {
            base: address(dwords[1], dwords[2] & 0xffff, 10),
            size: bits(dwords[1], 3, 0),
        }
    }

    /// Where that of a thread with this number begins, as threads are told: 32 bits.
    pub(crate) fn pointer(self, number: u32) -> u32 {
        if self == Self::default() {
            return 0;
        }
        let offset = u64::from(number) << (10 + self.size);
        self.base.wrapping_add(offset) as u32 & !0x3ff
    }
}

/// An interface descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// The kernel, from the instruction base address on.
    pub(crate) kernel: u64,
    /// cr0.0 as threads find it.
    pub(crate) control: u32,
    /// The sampler states, from the dynamic state base address on.
    pub(crate) samplers: u32,
    /// The binding table, from the surface state base address on.
    pub(crate) binding_table: u32,
    /// Registers of constants that are not for this kernel, at the data's beginning.
    pub(crate) data_offset: u32,
    /// Registers of data for each thread.
    pub(crate) thread_registers: u32,
    /// Registers of data for all threads.
    pub(crate) cross_thread_registers: u32,
    /// Threads of a group.
    pub(crate) threads: u32,
    /// Whether groups have a barrier.
    pub(crate) barrier: bool,
    /// Bytes of shared local memory.
    pub(crate) local_memory: u32,
}

impl Descriptor {
    /// The descriptor of that number among those that the context has loaded.
    pub(crate) fn load(
        view: &mut View<'_>,
        state: &StateRecord,
        bases: &BaseAddresses,
        number: u32,
    ) -> Result<Self, Stop> {
        let load = state.dwords::<4>(Key::DescriptorLoad);
        let offset = number * DESCRIPTOR;
        if offset + DESCRIPTOR > bits(load[2], 16, 0) {
            return bad_field("interface descriptor that is not loaded");
        }
        let at = bases
            .dynamic
            .wrapping_add(load[3].into())
            .wrapping_add(offset.into());
        let mut dwords = [0; 8];
        for (number, dword) in dwords.iter_mut().enumerate() {
            *dword = view.read_u32(at.wrapping_add(number as u64 * 4))?;
        }
        Self::decode(&dwords)
    }

    /// Takes eight dwords apart.
    pub(crate) fn decode(dwords: &[u32; 8]) -> Result<Self, Stop> {
        let local_memory = match bits(dwords[6], 20, 16) {
            0 => 0,
            code @ 1..=7 => 512 << code,
            _ => return bad_field("size of shared local memory"),
        };
        // Floats' mode (0), single program flow (2), rounding (5:4). Denormals are flushed
        // until the kernel sets another mode, if the descriptor lets it or not.
        let control =
            bits(dwords[2], 16, 16) | bits(dwords[2], 18, 18) << 2 | bits(dwords[6], 23, 22) << 4;
        Ok(Self {
            kernel: address(dwords[0], dwords[1] & 0xffff, 6),
            control,
            samplers: dwords[3] & !0x1f,
            binding_table: dwords[4] & 0xffe0,
            data_offset: bits(dwords[5], 15, 0),
            thread_registers: bits(dwords[5], 31, 16),
            cross_thread_registers: bits(dwords[7], 7, 0),
            threads: bits(dwords[6], 9, 0),
            barrier: bits(dwords[6], 21, 21) != 0,
            local_memory,
        })
    }
}

impl Descriptor {
    /// Bytes of data that a group of so many threads has a use for.
    pub(crate) fn data_bytes(&self, threads: u32) -> u32 {
        let registers = u64::from(self.data_offset)
            + u64::from(self.cross_thread_registers)
            + u64::from(self.thread_registers) * u64::from(threads);
        (registers * REGISTER as u64).min(MOST_DATA.into()) as u32
    }
}

/// Bytes that a walk's threads find in their registers.
pub(crate) fn data(view: &mut View<'_>, address: u64, length: u32) -> Result<Vec<u8>, Stop> {
    let length = length.min(MOST_DATA) as usize;
    let mut data = vec![0; length];
    view.read(address, &mut data)?;
    // Whole registers.
    data.resize(length.next_multiple_of(REGISTER), 0);
    Ok(data)
}

/// What MEDIA_CURBE_LOAD has loaded: constants, as far as a group of so many threads has a use
/// for them.
pub(crate) fn constants(
    view: &mut View<'_>,
    state: &StateRecord,
    bases: &BaseAddresses,
    descriptor: &Descriptor,
    threads: u32,
) -> Result<Vec<u8>, Stop> {
    let load = state.dwords::<4>(Key::CurbeLoad);
    let at = bases.dynamic.wrapping_add(load[3].into());
    let length = bits(load[2], 16, 0).min(descriptor.data_bytes(threads));
    data(view, at, length)
}

/// How many threads a group may have: as many as one subslice of the hardware has at once,
/// where the group's shared local memory is.
pub(crate) const MOST_THREADS: u32 = 112;

/// A group's threads, in X, Y and Z.
pub(crate) fn group_threads(size: [u32; 3]) -> Result<u32, Stop> {
    match size.iter().product() {
        threads @ 1..=MOST_THREADS => Ok(threads),
        _ => Err(HangReason::BadField {
            what: "more threads in a group than a subslice has",
        }
        .into()),
    }
}
