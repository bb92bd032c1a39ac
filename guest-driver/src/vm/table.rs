// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The address spaces a file has handles for, by id.

use crate::vm::AddressSpace;
use kernel::id_pool::IdPool;
use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode};
use kernel::sync::{new_mutex, Arc, Mutex};

/// The ids of one kind that a file has given out, each with what stands behind it. Ids
/// start at 1: 0 means none.
pub(crate) struct IdTable<T> {
    ids: IdPool,
    entries: RBTree<u32, T>,
}

impl<T> IdTable<T> {
    /// No ids.
    pub(crate) fn new() -> Self {
        Self {
            ids: IdPool::new(),
            entries: RBTree::new(),
        }
    }

    /// Gives out the lowest free id, with `value` behind it. ENOMEM.
    pub(crate) fn add(&mut self, value: T) -> Result<u32> {
        let id = self.reserve()?;
        match RBTreeNode::new(id, value, GFP_KERNEL) {
            Ok(node) => {
                self.entries.insert(node);
                Ok(id)
            }
            Err(error) => {
                self.ids.release_id(id as usize);
                Err(error)
            }
        }
    }

    fn reserve(&mut self) -> Result<u32> {
        loop {
            if let Some(id) = self.ids.find_unused_id(1) {
                return Ok(id.acquire() as u32);
            }
            let request = self.ids.grow_request().ok_or(ENOSPC)?;
            let resizer = request.realloc(GFP_KERNEL)?;
            self.ids.grow(resizer);
        }
    }

    /// What stands behind `id`.
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        self.entries.get(&id)
    }

    /// What stands behind `id`.
    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.entries.get_mut(&id)
    }

    /// Takes `id` back.
    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let value = self.entries.remove(&id)?;
        self.ids.release_id(id as usize);
        Some(value)
    }

    /// Every id in use.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&u32, &T)> {
        self.entries.iter()
    }
}

/// The address spaces a file has handles for.
#[pin_data]
pub(crate) struct VmTable {
    #[pin]
    table: Mutex<IdTable<Arc<AddressSpace>>>,
}

impl VmTable {
    /// None.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self { table <- new_mutex!(IdTable::new(), "VmTable::table") })
    }

    /// A new handle for an address space. ENOMEM.
    pub(crate) fn add(&self, vm: Arc<AddressSpace>) -> Result<u32> {
        self.table.lock().add(vm)
    }

    /// The address space behind a handle: ENOENT.
    pub(crate) fn get(&self, id: u32) -> Result<Arc<AddressSpace>> {
        self.table.lock().get(id).cloned().ok_or(ENOENT)
    }

    /// Takes a handle back; what it stood for lives while somebody else holds it. ENOENT.
    pub(crate) fn remove(&self, id: u32) -> Result<Arc<AddressSpace>> {
        self.table.lock().remove(id).ok_or(ENOENT)
    }

    /// The file is closed: every handle goes.
    pub(crate) fn close_all(&self) {
        let table = core::mem::replace(&mut *self.table.lock(), IdTable::new());
        drop(table);
    }

    /// Calls `f` with every address space that has a handle.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Arc<AddressSpace>)) {
        for (_, vm) in self.table.lock().iter() {
            f(vm);
        }
    }
}
