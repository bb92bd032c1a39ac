// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A file's context ids, and the one way from a proto-context to a live one.

use crate::context::{Client, Context};
use crate::driver::Igpu;
use crate::drm;
use crate::rules::proto_context::ProtoContext;
use crate::rules::EngineMap;
use crate::vm::{AddressSpace, IdTable};
use kernel::prelude::*;
use kernel::sync::{new_mutex, Arc, Mutex};
use kernel::xarray::{self, XArray};

/// A proto-context as the driver keeps it.
pub(crate) type Proto = ProtoContext<Arc<AddressSpace>, KBox<EngineMap>>;

/// What an id stands for.
enum Entry {
    /// Not used yet. Owned by the slot; taken by the transition.
    Proto(KBox<Proto>),
    /// Used: the context itself stands in `live`.
    Live,
}

/// What the `ids` lock guards.
struct Ids {
    /// Ids from 1 on.
    table: IdTable<Entry>,
    /// Id 0.
    default: Entry,
}

impl Ids {
    fn get_mut(&mut self, id: u32) -> Option<&mut Entry> {
        if id == 0 {
            Some(&mut self.default)
        } else {
            self.table.get_mut(id)
        }
    }
}

/// A file's contexts. See [`crate::context`] for the locking.
#[pin_data]
pub(crate) struct ContextTable {
    #[pin]
    ids: Mutex<Ids>,
    #[pin]
    live: XArray<Arc<Context>>,
}

impl ContextTable {
    /// A table with the default context in it, not built. ENOMEM.
    pub(super) fn new(igpu: &Igpu) -> Result<impl PinInit<Self>> {
        let default = KBox::new(Proto::new(&igpu.environment(), false), GFP_KERNEL)?;
        let ids = Ids {
            table: IdTable::new(),
            default: Entry::Proto(default),
        };
        Ok(pin_init!(Self {
            ids <- new_mutex!(ids, "ContextTable::ids"),
            live <- XArray::new(xarray::AllocKind::Alloc),
        }))
    }

    /// An id for `proto`, which nobody has used. ENOMEM.
    pub(crate) fn add(&self, proto: KBox<Proto>) -> Result<u32> {
        self.ids.lock().table.add(Entry::Proto(proto))
    }

    /// The context behind `id`, built now if it isn't yet. ENOENT; what building may
    /// come to.
    pub(crate) fn lookup(
        &self,
        dev: &drm::Device,
        file: &drm::File,
        id: u32,
    ) -> Result<Arc<Context>> {
        if let Some(context) = self.find_live(id) {
            return Ok(context);
        }
        let mut ids = self.ids.lock();
        let entry = ids.get_mut(id).ok_or(ENOENT)?;
        self.make_live(dev, file.data(), id, entry)
    }

    /// Calls `on_proto` if `id` stands for a proto-context, else `on_live`. The default
    /// context counts as live, as i915 builds it when the file is opened. ENOENT.
    pub(crate) fn with<R>(
        &self,
        dev: &drm::Device,
        file: &drm::File,
        id: u32,
        on_proto: impl FnOnce(&mut Proto) -> Result<R>,
        on_live: impl FnOnce(&Context) -> Result<R>,
    ) -> Result<R> {
        if let Some(context) = self.find_live(id) {
            return on_live(&context);
        }
        let mut ids = self.ids.lock();
        match ids.get_mut(id).ok_or(ENOENT)? {
            Entry::Proto(proto) if id != 0 => on_proto(proto),
            entry => {
                let context = self.make_live(dev, file.data(), id, entry)?;
                drop(ids);
                on_live(&context)
            }
        }
    }

    fn find_live(&self, id: u32) -> Option<Arc<Context>> {
        self.live
            .lock()
            .get(id as usize)
            .map(|context| context.into())
    }

    /// The transition. `entry` is `id`'s, its lock held.
    fn make_live(
        &self,
        dev: &drm::Device,
        client: &Arc<Client>,
        id: u32,
        entry: &mut Entry,
    ) -> Result<Arc<Context>> {
        let Entry::Proto(proto) = entry else {
            // Somebody was faster.
            return self.find_live(id).ok_or(ENOENT);
        };
        let context = Context::build(dev, dev.data(), client, proto)?;
        let stored = self
            .live
            .lock()
            .store(id as usize, context.clone(), GFP_KERNEL);
        if stored.is_err() {
            return Err(ENOMEM);
        }
        *entry = Entry::Live;
        Ok(context)
    }

    /// Takes an id back, whatever it stands for. ENOENT.
    pub(crate) fn remove(&self, id: u32) -> Result {
        let mut ids = self.ids.lock();
        let entry = ids.table.remove(id).ok_or(ENOENT)?;
        let context = self.live.lock().remove(id as usize);
        drop(ids);
        drop(entry);
        if let Some(context) = context {
            context.close();
        }
        Ok(())
    }

    /// Calls `f` with every live context, ids locked.
    pub(crate) fn for_each_live(&self, mut f: impl FnMut(&Context)) {
        let ids = self.ids.lock();
        let all = Iterator::chain(core::iter::once(0), ids.table.iter().map(|(id, _)| *id));
        for id in all {
            if let Some(context) = self.find_live(id) {
                f(&context);
            }
        }
    }

    /// Calls `f` with every address space that a context of the file has or is to have.
    pub(crate) fn for_each_vm(&self, mut f: impl FnMut(&Arc<AddressSpace>)) {
        self.for_each_live(|context| f(context.vm()));
    }

    /// The file is closed: every id goes.
    pub(super) fn close_all(&self) {
        let mut ids = self.ids.lock();
        let table = core::mem::replace(&mut ids.table, IdTable::new());
        // A closed file's default context can't be asked for again.
        let default = core::mem::replace(&mut ids.default, Entry::Live);
        drop(ids);
        for id in Iterator::chain(core::iter::once(0), table.iter().map(|(id, _)| *id)) {
            let context = self.live.lock().remove(id as usize);
            if let Some(context) = context {
                context.close();
            }
        }
        drop(default);
    }
}
