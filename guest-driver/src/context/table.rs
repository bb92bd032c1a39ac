// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A file's context ids: [`rules::context_table`](crate::rules::context_table) with the
//! kernel's locks and arrays.

use crate::context::Context;
use crate::driver::Igpu;
use crate::drm::{self, IdArray};
use crate::rules::context_table::{ContextIds, Entry, Found, IdMap, LiveContexts, Removed};
use crate::rules::proto_context::ProtoContext;
use crate::rules::EngineMap;
use crate::vm::AddressSpace;
use kernel::prelude::*;
use kernel::sync::{new_mutex, Arc, Mutex};
use kernel::xarray::{self, XArray};

/// A proto-context as the driver keeps it.
pub(crate) type Proto = ProtoContext<Arc<AddressSpace>, KBox<EngineMap>>;

/// Ids from 1 on.
type Ids = IdArray<KBox<Entry<Proto>>>;

impl IdMap<Entry<Proto>> for Ids {
    type Error = Error;

    fn add(&mut self, entry: Entry<Proto>) -> Result<u32> {
        IdArray::add(self, KBox::new(entry, GFP_KERNEL)?)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Entry<Proto>> {
        IdArray::get_mut(self, id)
    }

    fn remove(&mut self, id: u32) -> Option<Entry<Proto>> {
        IdArray::remove(self, id).map(KBox::into_inner)
    }

    fn pop(&mut self) -> Option<(u32, Entry<Proto>)> {
        IdArray::pop(self).map(|(id, entry)| (id, KBox::into_inner(entry)))
    }
}

impl LiveContexts<Arc<Context>> for XArray<Arc<Context>> {
    type Error = Error;

    fn find(&self, id: u32) -> Option<Arc<Context>> {
        self.lock().get(id as usize).map(|context| context.into())
    }

    fn publish(&self, id: u32, context: Arc<Context>) -> Result {
        // Nothing was stored there, and no memory is all that can be wrong.
        match self.lock().store(id as usize, context, GFP_KERNEL) {
            Ok(_) => Ok(()),
            Err(_) => Err(ENOMEM),
        }
    }

    fn withdraw(&self, id: u32) -> Option<Arc<Context>> {
        self.lock().remove(id as usize)
    }
}

/// A file's contexts. See [`crate::context`] for the locking.
#[pin_data]
pub(crate) struct ContextTable {
    /// The lock of the ids, with every proto-context a client can reach.
    #[pin]
    ids: Mutex<ContextIds<Ids, Proto>>,
    /// The contexts that were used, under the array's own spinlock.
    #[pin]
    live: XArray<Arc<Context>>,
}

impl ContextTable {
    /// A table with the default context in it, not built. ENOMEM.
    pub(super) fn new(igpu: &Igpu) -> Result<impl PinInit<Self>> {
        let default = Proto::new(&igpu.environment(), false);
        let ids = ContextIds::new(Ids::new(GFP_KERNEL)?, default);
        Ok(pin_init!(Self {
            ids <- new_mutex!(ids, "ContextTable::ids"),
            live <- XArray::new(xarray::AllocKind::Alloc),
        }))
    }

    /// An id for `proto`, which nobody has used. ENOMEM.
    pub(crate) fn add(&self, proto: Proto) -> Result<u32> {
        self.ids.lock().add(proto)
    }

    /// The context behind `id`, built now if it isn't yet. ENOENT; what building may
    /// come to.
    pub(crate) fn lookup(
        &self,
        dev: &drm::Device,
        file: &drm::File,
        id: u32,
    ) -> Result<Arc<Context>> {
        ContextIds::lookup(
            id,
            &self.live,
            || self.ids.lock(),
            |proto| Context::build(dev.data(), file.data(), proto),
        )
    }

    /// What `change` makes of the proto-context behind `id`, or the context if it was used
    /// already; the default context counts as used. As [`Self::lookup`].
    pub(crate) fn access<R>(
        &self,
        dev: &drm::Device,
        file: &drm::File,
        id: u32,
        change: impl FnOnce(&mut Proto) -> Result<R>,
    ) -> Result<Found<R, Arc<Context>>> {
        ContextIds::access(
            id,
            &self.live,
            || self.ids.lock(),
            |proto| Context::build(dev.data(), file.data(), proto),
            change,
        )
    }

    /// Takes an id back, whatever it stands for. ENOENT.
    pub(crate) fn remove(&self, id: u32) -> Result {
        let removed = self.ids.lock().remove(id, &self.live).ok_or(ENOENT)?;
        Self::end(removed);
        Ok(())
    }

    /// No lock held: the last reference to an address space may go.
    fn end(removed: Removed<Proto, Arc<Context>>) {
        match removed {
            Removed::Proto(proto) => drop(proto),
            Removed::Live(context) => context.close(),
        }
    }

    /// Calls `f` with every live context, ids locked.
    pub(crate) fn for_each_live(&self, mut f: impl FnMut(&Context)) {
        let ids = self.ids.lock();
        for id in Iterator::chain(core::iter::once(0), ids.map().ids()) {
            if let Some(context) = self.live.find(id) {
                f(&context);
            }
        }
    }

    /// Calls `f` with every address space that a live context of the file has.
    pub(crate) fn for_each_vm(&self, mut f: impl FnMut(&Arc<AddressSpace>)) {
        self.for_each_live(|context| f(context.vm()));
    }

    /// The file is closed: every id goes.
    pub(super) fn close_all(&self) {
        loop {
            let removed = self.ids.lock().pop(&self.live);
            match removed {
                Some(removed) => Self::end(removed),
                None => return,
            }
        }
    }
}
