// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What a file's context ids stand for, and the one way from a proto-context to a context
//! (`gem/i915_gem_context.c:i915_gem_context_lookup` and its neighbours).
//!
//! An id stands for a proto-context or for a context: never for both, and never for neither
//! while it is given out. What it stands for is told by an [`Entry`], owned by
//! [`ContextIds`], which is to stand behind a lock: *the lock of the ids*. It guards every
//! proto-context that a client can reach. Contexts stand in [`LiveContexts`] besides, which
//! looks after itself, so that who uses one takes no lock of the ids.
//!
//! The lock is a parameter: the functions that may get along without it take a closure that
//! takes it, all others take what only its holder has, `&mut ContextIds`. So the order of
//! steps on which the guarantees rest is here, and is tested on the host with real threads:
//!
//! 1. look among the contexts; if it is there, that's it;
//! 2. take the lock; if the id stands for a context by now, that's it;
//! 3. build it from the proto-context, which only lends itself: if that fails, nothing has
//!    changed;
//! 4. publish it, then let the proto-context go;
//! 5. only then let go of the lock.

use core::ops::DerefMut;

use super::errno::Errno;

/// Values by the ids that were given out for them. Id 0 is never given out.
pub trait IdMap<T> {
    /// What [`Self::add`] fails with.
    type Error;

    /// Gives out an id that is not in use, with `value` behind it.
    fn add(&mut self, value: T) -> Result<u32, Self::Error>;
    /// What stands behind `id`.
    fn get_mut(&mut self, id: u32) -> Option<&mut T>;
    /// Takes `id` back.
    fn remove(&mut self, id: u32) -> Option<T>;
    /// Takes back any one of the ids in use.
    fn pop(&mut self) -> Option<(u32, T)>;
}

/// The contexts of a file by id, found without the lock of the ids. `C` is a counted
/// reference.
pub trait LiveContexts<C> {
    /// What [`Self::publish`] fails with.
    type Error;

    /// The context of `id`, if there is one by now. Waits for nobody who builds one.
    fn find(&self, id: u32) -> Option<C>;
    /// Has `id`'s context found from now on. On an error it isn't.
    fn publish(&self, id: u32, context: C) -> Result<(), Self::Error>;
    /// Has `id`'s context found no more.
    fn withdraw(&self, id: u32) -> Option<C>;
}

/// What an id stands for.
#[derive(Debug)]
pub enum Entry<P> {
    /// A proto-context. Owned by the id; the transition consumes it.
    Proto(P),
    /// A context: [`LiveContexts`] has it.
    Live,
}

/// What an id stood for that was taken back.
#[derive(Debug)]
pub enum Removed<P, C> {
    /// A proto-context that nobody has used: nothing was ever made of it.
    Proto(P),
    /// A context.
    Live(C),
}

/// What an id was found to stand for.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<R, C> {
    /// A proto-context; with what the caller made of it under the lock.
    Proto(R),
    /// A context.
    Live(C),
}

/// The ids of a file. To be had through its lock only.
#[derive(Debug)]
pub struct ContextIds<M, P> {
    /// Ids from 1 on.
    map: M,
    /// Id 0, which every file has until it is closed.
    default: Option<Entry<P>>,
}

impl<P, M: IdMap<Entry<P>>> ContextIds<M, P> {
    /// The ids of a file just opened: 0, which stands for `default`.
    pub fn new(map: M, default: P) -> Self {
        Self {
            map,
            default: Some(Entry::Proto(default)),
        }
    }

    /// An id for a proto-context. Nobody has used it, so nobody else can know it.
    pub fn add(&mut self, proto: P) -> Result<u32, M::Error> {
        self.map.add(Entry::Proto(proto))
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Entry<P>> {
        if id == 0 {
            self.default.as_mut()
        } else {
            self.map.get_mut(id)
        }
    }

    /// The context of `id`, built by `build` if nobody has used it yet. `ENOENT`, or what
    /// building or publishing fails with: then the proto-context is as it was.
    pub fn lookup<C, L, G, E>(
        id: u32,
        live: &L,
        lock: impl FnOnce() -> G,
        build: impl FnOnce(&P) -> Result<C, E>,
    ) -> Result<C, E>
    where
        C: Clone,
        L: LiveContexts<C>,
        G: DerefMut<Target = Self>,
        E: From<Errno> + From<L::Error>,
    {
        match live.find(id) {
            Some(context) => Ok(context),
            None => lock().make_live(id, live, build),
        }
    }

    /// Hands `id`'s proto-context to `change` while the lock is held, or finds the context
    /// if it was used already. The default context counts as used, as i915 builds it when
    /// the file is opened. As [`Self::lookup`]; and what `change` fails with.
    pub fn access<C, L, G, R, E>(
        id: u32,
        live: &L,
        lock: impl FnOnce() -> G,
        build: impl FnOnce(&P) -> Result<C, E>,
        change: impl FnOnce(&mut P) -> Result<R, E>,
    ) -> Result<Found<R, C>, E>
    where
        C: Clone,
        L: LiveContexts<C>,
        G: DerefMut<Target = Self>,
        E: From<Errno> + From<L::Error>,
    {
        if let Some(context) = live.find(id) {
            return Ok(Found::Live(context));
        }
        let mut ids = lock();
        match ids.get_mut(id).ok_or(Errno::ENOENT)? {
            Entry::Proto(proto) if id != 0 => Ok(Found::Proto(change(proto)?)),
            _ => Ok(Found::Live(ids.make_live(id, live, build)?)),
        }
    }

    /// The transition, or what a faster one has made.
    fn make_live<C, L, E>(
        &mut self,
        id: u32,
        live: &L,
        build: impl FnOnce(&P) -> Result<C, E>,
    ) -> Result<C, E>
    where
        C: Clone,
        L: LiveContexts<C>,
        E: From<Errno> + From<L::Error>,
    {
        let entry = self.get_mut(id).ok_or(Errno::ENOENT)?;
        let Entry::Proto(proto) = entry else {
            // Ids are taken back under the lock too, so it is there.
            return Ok(live.find(id).ok_or(Errno::ENOENT)?);
        };
        let context = build(proto)?;
        live.publish(id, context.clone())?;
        *entry = Entry::Live;
        Ok(context)
    }

    /// Takes an id back, whatever it stands for; not 0. What it stood for is to be dropped
    /// when the lock isn't held.
    pub fn remove<C>(&mut self, id: u32, live: &impl LiveContexts<C>) -> Option<Removed<P, C>> {
        let entry = self.map.remove(id)?;
        Self::removed(id, entry, live)
    }

    /// Takes back one id after the other, 0 too: the file is closed.
    pub fn pop<C>(&mut self, live: &impl LiveContexts<C>) -> Option<Removed<P, C>> {
        let (id, entry) = match self.default.take() {
            Some(default) => (0, default),
            None => self.map.pop()?,
        };
        Self::removed(id, entry, live)
    }

    fn removed<C>(id: u32, entry: Entry<P>, live: &impl LiveContexts<C>) -> Option<Removed<P, C>> {
        match entry {
            Entry::Proto(proto) => Some(Removed::Proto(proto)),
            Entry::Live => live.withdraw(id).map(Removed::Live),
        }
    }

    /// The map of the ids from 1 on, for who wants to go through them.
    pub fn map(&self) -> &M {
        &self.map
    }
}
