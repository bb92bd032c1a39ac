// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The address spaces a file has handles for, by id.

use crate::drm::IdArray;
use crate::vm::{AddressSpace, Named};
use kernel::prelude::*;
use kernel::sync::{new_mutex, Arc, Mutex};

/// The address spaces a file has handles for.
#[pin_data]
pub(crate) struct VmTable {
    #[pin]
    table: Mutex<IdArray<KBox<Named>>>,
}

impl VmTable {
    /// None. ENOMEM.
    pub(crate) fn new() -> Result<impl PinInit<Self>> {
        let table = IdArray::new(GFP_KERNEL)?;
        Ok(pin_init!(Self { table <- new_mutex!(table, "VmTable::table") }))
    }

    /// A new handle for an address space. ENOMEM.
    pub(crate) fn add(&self, vm: Arc<AddressSpace>) -> Result<u32> {
        let vm = KBox::new(Named::new(vm), GFP_KERNEL)?;
        self.table.lock().add(vm)
    }

    /// The address space behind a handle: ENOENT.
    pub(crate) fn get(&self, id: u32) -> Result<Arc<AddressSpace>> {
        let table = self.table.lock();
        let vm = table.get(id).ok_or(ENOENT)?;
        Ok(Arc::clone(vm))
    }

    /// Takes a handle back; what it stood for lives while somebody else holds it. ENOENT.
    pub(crate) fn remove(&self, id: u32) -> Result<Arc<AddressSpace>> {
        let vm = self.table.lock().remove(id).ok_or(ENOENT)?;
        Ok(Arc::clone(&vm))
    }

    /// The file is closed: every handle goes.
    pub(crate) fn close_all(&self) {
        loop {
            // Dropped when the lock isn't held: it may be the last reference.
            let vm = self.table.lock().pop();
            if vm.is_none() {
                return;
            }
        }
    }

    /// Calls `f` with every address space that has a handle.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Arc<AddressSpace>)) {
        let table = self.table.lock();
        for vm in table.ids().filter_map(|id| table.get(id)) {
            f(vm);
        }
    }
}
