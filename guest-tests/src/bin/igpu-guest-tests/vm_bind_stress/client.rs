//! A client with an address space of its own, which knows what has to be in its memory.

use virtio_igpu_context_model::Random;
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Exec3, Object, Param, Syncobj};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::remap::Forked;
use virtio_igpu_guest_tests::sys::request;

use super::faults::Caller;
use super::{Clock, Done};
use crate::rig::{Outcome, PAGE, PATIENCE, Rig, ensure_eq};

/// Objects, half of them memory of the process.
const OBJECTS: usize = 4;
/// An object has so many sections.
const SECTIONS: usize = 4;
/// Bytes of a section.
const SECTION: u64 = 4 * PAGE;
/// Bytes of an object.
const BYTES: usize = SECTIONS * SECTION as usize;
/// Where sections may be bound.
const SLOTS: usize = 24;
const AT: u64 = 0x1_0000_0000;
/// Submissions that may be unfinished: the rig has room for as many batches.
const UNFINISHED: usize = 8;
/// Operations before a client ends and another takes its place.
const LIFE: usize = 150;

/// What is bound at a slot.
#[derive(Clone, Copy)]
struct Bound {
    object: usize,
    section: usize,
}

/// An object, and what has to be in it: each slot has a place of its own in each section,
/// so that aliases don't meet.
struct Known<'d> {
    object: Object<'d>,
    memory: &'d Mapping,
    expected: [[u32; SLOTS]; SECTIONS],
    /// The process's own memory.
    own: bool,
}

struct Client<'d, 's> {
    rig: Rig<'d>,
    objects: Vec<Known<'d>>,
    slots: [Option<Bound>; SLOTS],
    unfinished: Vec<Syncobj<'d>>,
    random: Random,
    caller: Caller<'s>,
    done: &'s Done,
    tokens: u32,
    engine: u32,
}

/// Lives one client after the other.
pub(super) fn run(clock: &Clock, seed: u64, done: &Done) -> Outcome {
    let mut random = Random::new(seed);
    while !clock.is_over() {
        let seed = random.bits();
        live(clock, seed, done).map_err(|failed| {
            let why = failed.message().unwrap_or("it failed");
            format!("client with seed {seed}: {why}")
        })?;
    }
    Ok(())
}

fn live(clock: &Clock, seed: u64, done: &Done) -> Outcome {
    let device = Device::open()?;
    let mut memories = Vec::new();
    for number in 0..OBJECTS {
        memories.push(if number % 2 == 0 {
            (None, Mapping::anonymous(BYTES)?)
        } else {
            let object = Object::create(&device, BYTES as u64)?;
            let memory = object.map()?;
            (Some(object), memory)
        });
    }
    let (handles, memories): (Vec<_>, Vec<_>) = memories.into_iter().unzip();
    let mut objects = Vec::new();
    for (object, memory) in handles.into_iter().zip(&memories) {
        let own = object.is_none();
        let object = match object {
            Some(object) => object,
            None => Object::userptr(&device, memory)?,
        };
        objects.push(Known {
            object,
            memory,
            expected: [[0; SLOTS]; SECTIONS],
            own,
        });
    }
    let mut client = Client {
        rig: Rig::new(&device)?,
        objects,
        slots: [None; SLOTS],
        unfinished: Vec::new(),
        random: Random::new(seed),
        caller: Caller::new(seed, done)?,
        done,
        tokens: 0,
        engine: (seed % Engine::TIGER_LAKE.len() as u64) as u32,
    };
    for _ in 0..LIFE {
        if clock.is_over() {
            break;
        }
        client.step()?;
    }
    // Sometimes it goes with batches under way.
    if client.random.once_in(2) {
        client.verify()?;
    }
    Ok(())
}

/// What a client may do next.
#[derive(Clone, Copy)]
enum Step {
    Bind,
    Unbind,
    Submit,
    Change,
    Verify,
}

impl Client<'_, '_> {
    fn step(&mut self) -> Outcome {
        let step = self.random.weighted(&[
            (6, Step::Bind),
            (3, Step::Unbind),
            (8, Step::Submit),
            (2, Step::Change),
            (1, Step::Verify),
        ]);
        match step {
            Step::Bind => self.bind(),
            Step::Unbind => self.unbind(),
            Step::Submit => self.submit(),
            Step::Change => self.change(),
            Step::Verify => self.verify(),
        }
    }

    /// Binds a section, or a whole object over several slots; now and then nobody waits.
    fn bind(&mut self) -> Outcome {
        let object = self.random.below(OBJECTS as u64) as usize;
        let count = self.random.pick(&[1, 1, SECTIONS]);
        let first = self.random.below((SLOTS - count + 1) as u64) as usize;
        let section = self.random.below((SECTIONS - count + 1) as u64) as usize;
        let vm = &self.rig.vm;
        let mut argument = vm.bind_argument(
            &self.objects[object].object,
            AT + first as u64 * SECTION,
            section as u64 * SECTION,
            count as u64 * SECTION,
        );
        let fence = if self.random.once_in(2) {
            Some(Syncobj::create(self.rig.device)?)
        } else {
            None
        };
        argument.fence = fence
            .as_ref()
            .map(|fence| fence.signal_fence(0))
            .unwrap_or_default();
        let device = self.rig.device;
        let bound = self
            .caller
            .call(|| device.call::<request::VmBind>(&mut argument))?;
        if bound.is_some() {
            for step in 0..count {
                let section = section + step;
                self.slots[first + step] = Some(Bound { object, section });
            }
            Done::add(&self.done.binds);
        }
        Ok(())
    }

    fn unbind(&mut self) -> Outcome {
        let first = self.random.below(SLOTS as u64) as usize;
        let count = 1 + self.random.below((SLOTS - first).min(6) as u64) as usize;
        let (start, length) = (AT + first as u64 * SECTION, count as u64 * SECTION);
        let vm = &self.rig.vm;
        // Without a fence it waits for the batches that may use the range.
        let fence = Syncobj::create(self.rig.device)?;
        let fence = if self.random.once_in(2) {
            fence.signal_fence(0)
        } else {
            Default::default()
        };
        let unbound = self.caller.call(|| vm.unbind_async(start, length, fence))?;
        if unbound.is_some() {
            self.slots[first..first + count].fill(None);
            Done::add(&self.done.unbinds);
        }
        Ok(())
    }

    /// A batch writes through some slots; what nothing is bound at vanishes.
    fn submit(&mut self) -> Outcome {
        if self.unfinished.len() == UNFINISHED {
            self.wait_all()?;
        }
        let mut writes = Vec::new();
        for _ in 0..=self.random.below(5) {
            let slot = self.random.below(SLOTS as u64) as usize;
            self.tokens += 1;
            writes.push((slot, self.tokens));
        }
        let address = self.rig.write(self.unfinished.len() as u64, |batch| {
            for (slot, token) in &writes {
                let slot = *slot as u64;
                batch.store_u32(AT + slot * SECTION + slot * 8, *token);
            }
        });
        // Engines run side by side: what one client writes stays in order on one of them.
        let engine = self.engine;
        let fence = Syncobj::create(self.rig.device)?;
        let submission =
            Exec3::new(&self.rig.context, engine, address).fence(fence.signal_fence(0));
        let device = self.rig.device;
        if self.caller.call(|| submission.submit(device))?.is_none() {
            return Ok(());
        }
        let mut stray = false;
        for (slot, token) in writes {
            match self.slots[slot] {
                Some(bound) => self.objects[bound.object].expected[bound.section][slot] = token,
                None => stray = true,
            }
        }
        self.unfinished.push(fence);
        Done::add(&self.done.submissions);
        if stray {
            // Where nothing is bound, something may come to be while the batch runs.
            self.wait_all()?;
        }
        Ok(())
    }

    /// Changes memory of the process's own, with whatever is under way: all before it went
    /// to the old pages.
    fn change(&mut self) -> Outcome {
        let own: Vec<usize> = (0..OBJECTS).filter(|&at| self.objects[at].own).collect();
        let known = &mut self.objects[self.random.pick(&own)];
        let section = self.random.below(SECTIONS as u64) as usize;
        let (offset, length) = (section * SECTION as usize, SECTION as usize);
        match self.random.below(5) {
            0 => known.memory.renew(offset, length)?,
            1 => known.memory.discard(offset, length)?,
            2 => known.memory.move_in(offset, Mapping::anonymous(length)?)?,
            3 => {
                known.memory.withdraw(offset, length)?;
                known.memory.renew(offset, length)?;
            }
            _ => {
                // A child's writes are its own.
                let memory = known.memory;
                let child = Forked::run(|| {
                    memory.write_u32(offset, 0xbad);
                    0
                })?;
                ensure_eq!(child.wait()?, 0, "a forked child");
                Done::add(&self.done.changes);
                return Ok(());
            }
        }
        known.expected[section] = [0; SLOTS];
        Done::add(&self.done.changes);
        Ok(())
    }

    fn wait_all(&mut self) -> Outcome {
        for fence in self.unfinished.drain(..) {
            fence.wait(PATIENCE)?;
            ensure_eq!(fence.status()?, 1, "the status of a batch's fence");
        }
        Ok(())
    }

    /// What has been written is there, and nothing else.
    fn verify(&mut self) -> Outcome {
        self.wait_all()?;
        for (number, known) in self.objects.iter().enumerate() {
            for (section, expected) in known.expected.iter().enumerate() {
                for (slot, expected) in expected.iter().enumerate() {
                    let at = section * SECTION as usize + slot * 8;
                    let got = known.memory.read_u32(at);
                    ensure_eq!(
                        got,
                        *expected,
                        "object {number}, section {section}, written through slot {slot}"
                    );
                }
            }
        }
        Ok(())
    }
}

/// Does something while a batch runs that ends only with its file.
pub(super) fn with_endless_batch(
    device: &Device,
    endless: bool,
    then: impl FnOnce() -> Outcome,
) -> Outcome {
    if !endless {
        return then();
    }
    let rig = Rig::new(device)?;
    let context = Context::for_vm(device, &rig.vm, &Engine::TIGER_LAKE)?;
    context.set(&Param::Persistence(false))?;
    let spinner = rig.spinner(0);
    Exec3::new(&context, 0, spinner.address()).submit(device)?;
    let result = then();
    rig.end(&spinner);
    result
}
