//! Random sequences of VM_BIND and VM_UNBIND against a flat map of pages, through real
//! ioctls, looked at by the GPU: every few operations a batch reads from and writes to each
//! page of the window. The same is done on the host without a device, in far more
//! sequences (`guest-driver/rules/tests/mapping_tree.rs`).

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{AddressSpace, BindCall, Device, Object, Syncobj};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::{I915_GEM_VM_BIND_READONLY, drm_i915_gem_vm_bind};

use crate::rig::{
    Outcome, PAGE, PATIENCE, Rig, ensure, ensure_eq, expect_errno, settled_counters, trials,
    wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("vm_bind_model":
        random_sequences, random_arrays, random_asynchronous_sequences,
    )
}

/// Random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % limit
    }
}

/// Pages of the window and of an object.
const WINDOW: u64 = 48;
const OBJECT_PAGES: u64 = 16;
const AT: u64 = 0x12_3456_0000;
const RESULT: u64 = 0x7f00_0000_0000;
/// Where in a page its tag stands, and where the GPU writes.
const TAG: u64 = 8;
const MARK: u64 = 64;

/// What a page of the window is to show.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Page {
    Nothing,
    Null,
    Memory {
        object: usize,
        page: u64,
        read_only: bool,
    },
}

/// An object, and its memory as the CPU sees it.
struct Memory<'d> {
    object: Option<Object<'d>>,
    bytes: &'d Mapping,
    tag: u32,
}

/// How the operations are made.
#[derive(Clone, Copy, PartialEq)]
enum How {
    /// One a call, waited for.
    Waiting,
    /// Several a call.
    Arrays,
    /// One a call, with a fence that is looked at later.
    Fences,
}

struct World<'r, 'd> {
    rig: &'r Rig<'d>,
    how: How,
    memories: Vec<Memory<'d>>,
    window: [Page; WINDOW as usize],
    bound: Syncobj<'d>,
    point: u64,
    result: &'r Mapping,
    marks: u32,
}

fn random_sequences() -> Outcome {
    sequences(How::Waiting, 12, 96)
}

fn random_arrays() -> Outcome {
    sequences(How::Arrays, 12, 48)
}

fn random_asynchronous_sequences() -> Outcome {
    sequences(How::Fences, 12, 96)
}

fn sequences(how: How, count: u64, operations: u64) -> Outcome {
    let before = settled_counters()?;
    for seed in 0..count {
        sequence(how, seed, operations).map_err(|failed| {
            let why = failed.message().unwrap_or("it failed").to_string();
            format!("sequence {seed}: {why}")
        })?;
    }
    wait_until("all objects and address spaces are given back", || {
        settled_counters().is_ok_and(|now| {
            ["objects", "address_spaces", "contexts"]
                .iter()
                .all(|name| now.get(name) == before.get(name))
        })
    })
}

fn sequence(how: How, seed: u64, operations: u64) -> Outcome {
    let mut random = Random(seed);
    let (giver, device) = (Device::open()?, Device::open()?);
    let bytes = (OBJECT_PAGES * PAGE) as usize;
    let pages = Mapping::anonymous(bytes).map_err(|errno| errno.to_string())?;
    let rig = Rig::new(&device)?;
    let other = AddressSpace::create(&device)?;
    let given = Object::create(&giver, OBJECT_PAGES * PAGE)?;
    let objects = [
        Object::create(&device, OBJECT_PAGES * PAGE)?,
        Object::create(&device, OBJECT_PAGES * PAGE)?,
        Object::create_private(&device, OBJECT_PAGES * PAGE, &rig.vm)?,
        Object::create_private(&device, OBJECT_PAGES * PAGE, &rig.vm)?,
        Object::import(&device, given.export()?, OBJECT_PAGES * PAGE)?,
    ];
    let foreign = Object::create_private(&device, PAGE, &other)?;
    let mut mappings = Vec::new();
    for object in &objects[..4] {
        mappings.push(object.map()?);
    }
    mappings.push(given.map()?);
    let userptr = Object::userptr(&device, &pages)?;
    let (_result, result) = rig.memory(RESULT, PAGE)?;
    let mut memories = Vec::new();
    for (tag, (object, bytes)) in (1..).zip(objects.into_iter().zip(&mappings)) {
        let object = Some(object);
        memories.push(Memory { object, bytes, tag });
    }
    memories.push(Memory {
        object: Some(userptr),
        bytes: &pages,
        tag: 9,
    });
    for memory in &memories {
        for page in 0..OBJECT_PAGES {
            let tag = memory.tag << 8 | page as u32;
            memory.bytes.write_u32((page * PAGE + TAG) as usize, tag);
        }
    }
    let mut world = World {
        rig: &rig,
        how,
        memories,
        window: [Page::Nothing; WINDOW as usize],
        bound: Syncobj::create(&device)?,
        point: 0,
        result: &result,
        marks: 1,
    };
    for number in 0..operations {
        world.step(&mut random)?;
        if number % 6 == 5 {
            world.look()?;
        }
        if number == operations / 2 {
            // Mappings of an object outlive its handle.
            world.memories[1].object = None;
            let refused = rig.vm.bind(&foreign, AT);
            expect_errno(refused, Errno::EINVAL, "another VM's private object")?;
        }
    }
    rig.vm.unbind(AT, WINDOW * PAGE)?;
    world.window = [Page::Nothing; WINDOW as usize];
    world.look()
}

/// The flags of a bind.
fn flags(read_only: bool) -> u64 {
    if read_only {
        I915_GEM_VM_BIND_READONLY
    } else {
        0
    }
}

impl World<'_, '_> {
    /// A call, of one operation or several.
    fn step(&mut self, random: &mut Random) -> Outcome {
        if self.how != How::Arrays {
            return self.operation(random);
        }
        let mut call = BindCall::new();
        for _ in 0..1 + random.below(9) {
            let (start, page) = self.choose(random);
            call = match page {
                (length, Page::Nothing) => call.unbind(AT + start * PAGE, length * PAGE),
                (length, Page::Null) => call.null(AT + start * PAGE, length * PAGE),
                (
                    length,
                    Page::Memory {
                        object,
                        page,
                        read_only,
                    },
                ) => {
                    let Some(memory) = &self.memories[object].object else {
                        continue;
                    };
                    let section = (page * PAGE, length * PAGE);
                    call.bind_section(memory, AT + start * PAGE, section, flags(read_only))
                }
            };
            self.remember(start, page);
        }
        if !call.ops.is_empty() {
            call.submit(&self.rig.vm)?;
        }
        Ok(())
    }

    fn operation(&mut self, random: &mut Random) -> Outcome {
        let (start, page) = self.choose(random);
        self.point += 1;
        let fence = match self.how {
            How::Fences => self.bound.signal_fence(self.point),
            _ => Default::default(),
        };
        let vm = &self.rig.vm;
        let at = AT + start * PAGE;
        match page {
            (length, Page::Nothing) => vm.unbind_async(at, length * PAGE, fence)?,
            (length, Page::Null) => {
                let mut call = BindCall::new().null(at, length * PAGE);
                if self.how == How::Fences {
                    call = call.fence(fence);
                }
                call.submit(vm)?;
            }
            (
                length,
                Page::Memory {
                    object,
                    page,
                    read_only,
                },
            ) => {
                let Some(memory) = &self.memories[object].object else {
                    self.point -= 1;
                    return Ok(());
                };
                let argument = vm.bind_argument(memory, at, page * PAGE, length * PAGE);
                let mut argument = drm_i915_gem_vm_bind {
                    fence,
                    flags: flags(read_only),
                    ..argument
                };
                self.rig
                    .device
                    .call::<virtio_igpu_guest_tests::sys::request::VmBind>(&mut argument)?;
            }
        }
        self.remember(start, page);
        Ok(())
    }

    /// A range of the window, and what it is to show from its first page on.
    fn choose(&self, random: &mut Random) -> (u64, (u64, Page)) {
        let start = random.below(WINDOW);
        let most = WINDOW - start;
        match random.below(10) {
            0..3 => (start, (1 + random.below(most.min(20)), Page::Nothing)),
            3 => (start, (1 + random.below(most.min(20)), Page::Null)),
            _ => {
                let page = random.below(OBJECT_PAGES);
                let length = 1 + random.below(most.min(OBJECT_PAGES - page));
                let memory = Page::Memory {
                    object: random.below(self.memories.len() as u64) as usize,
                    page,
                    read_only: random.below(6) == 0,
                };
                (start, (length, memory))
            }
        }
    }

    fn remember(&mut self, start: u64, (length, first): (u64, Page)) {
        for index in 0..length {
            self.window[(start + index) as usize] = match first {
                Page::Memory {
                    object,
                    page,
                    read_only,
                } => Page::Memory {
                    object,
                    page: page + index,
                    read_only,
                },
                other => other,
            };
        }
    }

    /// The GPU reads each page's tag and writes a mark of its own into each page; both must
    /// be where the flat map says.
    fn look(&mut self) -> Outcome {
        self.result.fill_u32(0xffff_ffff);
        let marks = self.marks;
        self.marks += WINDOW as u32;
        self.rig.run(0, |batch| {
            for (index, mark) in (0..WINDOW).zip(marks..) {
                let at = AT + index * PAGE;
                batch
                    .copy_u32(RESULT + 4 * index, at + TAG)
                    .store_u32(at + MARK, mark);
            }
        })?;
        let mut expected = vec![vec![None; OBJECT_PAGES as usize]; self.memories.len()];
        for (index, mark) in (0..WINDOW as usize).zip(marks..) {
            let tag = match self.window[index] {
                Page::Nothing | Page::Null => 0,
                Page::Memory {
                    object,
                    page,
                    read_only,
                } => {
                    if !read_only {
                        expected[object][page as usize] = Some(mark);
                    }
                    self.memories[object].tag << 8 | page as u32
                }
            };
            let read = self.result.read_u32(4 * index);
            ensure_eq!(read, tag, "read at page {index}, {:?}", self.window[index]);
        }
        for (memory, expected) in self.memories.iter().zip(expected) {
            for (page, expected) in (0..).zip(expected) {
                let place = (page * PAGE + MARK) as usize;
                let found = memory.bytes.read_u32(place);
                match expected {
                    Some(mark) => {
                        ensure_eq!(found, mark, "in page {page} of object {}", memory.tag);
                    }
                    None => ensure!(
                        found < marks,
                        "page {page} of object {} was written",
                        memory.tag
                    ),
                }
            }
        }
        if self.how == How::Fences && self.point > 0 {
            self.bound.wait_point(self.point, PATIENCE)?;
        }
        Ok(())
    }
}
