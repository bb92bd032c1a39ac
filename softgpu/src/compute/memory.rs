//! An address space as kernels reach it.

use eu::memory::{Memory, MemoryFault};

use crate::view::{Fault, FaultKind, View};

/// A view lent to kernels.
pub(crate) struct KernelMemory<'v, 'a>(pub(crate) &'v mut View<'a>);

fn refused(fault: Fault) -> MemoryFault {
    MemoryFault {
        address: fault.address,
        write: matches!(fault.kind, FaultKind::Write | FaultKind::ReadOnly),
        read_only: fault.kind == FaultKind::ReadOnly,
    }
}

impl Memory for KernelMemory<'_, '_> {
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault> {
        self.0.read(address, out).map_err(refused)
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault> {
        self.0.write(address, data).map_err(refused)
    }

    fn update_u32(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u32) -> u32,
    ) -> Result<u32, MemoryFault> {
        self.0.update_u32(address, change).map_err(refused)
    }

    fn update_u64(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u64) -> u64,
    ) -> Result<u64, MemoryFault> {
        self.0.update_u64(address, change).map_err(refused)
    }

    fn read_u32(&mut self, address: u64) -> Result<u32, MemoryFault> {
        self.0.read_u32(address).map_err(refused)
    }

    fn write_u32(&mut self, address: u64, value: u32) -> Result<(), MemoryFault> {
        self.0.write_u32(address, value).map_err(refused)
    }
}
