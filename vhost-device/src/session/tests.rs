// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A session on an executor that only remembers: limits, refusals and what is passed on.

use std::sync::{Arc, Mutex};

use protocol::{Bind, Command, CommandHeader, Extent, Hello, Queue, Status, Submit};
use virtio_igpu_protocol as protocol;
use vm_memory::GuestAddress;
use zerocopy::little_endian::{I32, U16, U32, U64};
use zerocopy::{FromZeros, Immutable, IntoBytes};

use super::{Answer, Held, Session, limits::Limits};
use crate::GuestMemory;
use crate::executor::{
    self, Backing, Context, EngineProperties, Executor, Refused, Submission, Timeline, Update,
};

/// What reached the executor, and what it is to say.
#[derive(Default)]
struct Record {
    updates: Vec<Update>,
    submissions: Vec<Submission>,
    properties: Vec<EngineProperties>,
    refuse: Option<Refused>,
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    fn answer(&self) -> Result<(), Refused> {
        self.0.lock().unwrap().refuse.clone().map_or(Ok(()), Err)
    }
}

impl Executor for Recorder {
    fn set_memory(&mut self, _: Arc<GuestMemory>) -> Result<(), Refused> {
        self.answer()
    }
    fn create_address_space(&mut self, _: u32, _: Timeline) -> Result<(), Refused> {
        self.answer()
    }
    fn destroy_address_space(&mut self, _: u32) -> Result<(), Refused> {
        self.answer()
    }
    fn create_context(&mut self, _: u32, _: Context) -> Result<(), Refused> {
        self.answer()
    }
    fn destroy_context(&mut self, _: u32) -> Result<(), Refused> {
        self.answer()
    }
    fn set_context_flags(&mut self, _: u32, _: executor::ContextFlags) -> Result<(), Refused> {
        self.answer()
    }
    fn cancel_context(&mut self, _: u32) -> Result<(), Refused> {
        self.answer()
    }
    fn close_context(&mut self, _: u32) -> Result<(), Refused> {
        self.answer()
    }
    fn context_runtime_ns(&mut self, _: u32) -> Result<Vec<u64>, Refused> {
        self.answer()?;
        Ok(vec![1, 2])
    }
    fn reset_active(&mut self) {}
    fn reset_engines(&mut self, engines: u32) -> u32 {
        engines.count_ones()
    }
    fn set_engine_properties(&mut self, properties: EngineProperties) -> Result<(), Refused> {
        self.answer()?;
        self.0.lock().unwrap().properties.push(properties);
        Ok(())
    }
    fn update(&mut self, update: Update) -> Result<(), Refused> {
        self.answer()?;
        let mut record = self.0.lock().unwrap();
        record.updates.clear();
        record.updates.push(update);
        Ok(())
    }
    fn submit(&mut self, submission: Submission) -> Result<(), Refused> {
        self.answer()?;
        self.0.lock().unwrap().submissions.push(submission);
        Ok(())
    }
    fn flush(&mut self) {}
    fn read_register(&self, _: u32) -> Option<u64> {
        None
    }
    fn engine_busy_ns(&self) -> Vec<u64> {
        Vec::new()
    }
    fn counters(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

fn encode<C: Command + IntoBytes + Immutable>(command: &C, list: &[u8]) -> Vec<u8> {
    let length = size_of::<CommandHeader>() + size_of::<C>() + list.len();
    let header = CommandHeader::new(C::OPCODE, length as u32);
    [header.as_bytes(), command.as_bytes(), list].concat()
}

fn greet(session: &mut Session) {
    let mut hello = Hello::new_zeroed();
    hello.version = U16::new(protocol::VERSION);
    let bytes = encode(&hello, &[]);
    assert_eq!(status(session, Queue::Control, &bytes), Status::Ok);
}

/// A session with address space 1 (timeline 10) and context 1 (timeline 20), and memory
/// of two regions that touch.
fn session() -> (Session, Recorder) {
    let memory = GuestMemory::from_ranges(&[
        (GuestAddress(0), 0x1_0000),
        (GuestAddress(0x1_0000), 0x1_0000),
    ])
    .unwrap();
    let recorder = Recorder::default();
    let factory = executor::software("tgl").unwrap();
    let platform = factory.platform().clone();
    let mut session = Session::new(
        Box::new(recorder.clone()),
        platform,
        Arc::new(memory),
        Limits::default(),
    );
    greet(&mut session);
    let space = protocol::CreateAddressSpace {
        address_space: U32::new(1),
        bind_timeline: U32::new(10),
    };
    let mut context = protocol::CreateContext::new_zeroed();
    context.context = U32::new(1);
    context.address_space = U32::new(1);
    context.engine_count = U32::new(1);
    let engine = protocol::ContextEngine {
        class: U16::new(1),
        instances: U16::new(1),
        timeline: U32::new(20),
    };
    for bytes in [encode(&space, &[]), encode(&context, engine.as_bytes())] {
        assert!(matches!(
            session.command(Queue::Control, &bytes, 64),
            Ok(Answer::Now(_))
        ));
    }
    (session, recorder)
}

fn bind(session: &mut Session, address: u64, extents: &[Extent], signal: u64) -> Status {
    let length = extents.iter().map(|extent| extent.length.get()).sum();
    let command = Bind {
        address_space: U32::new(1),
        flags: U32::ZERO,
        address: U64::new(address),
        length: U64::new(length),
        signal: U64::new(signal),
        wait_count: U32::ZERO,
        extent_count: U32::new(extents.len() as u32),
    };
    status(session, Queue::Bind, &encode(&command, extents.as_bytes()))
}

fn submit(session: &mut Session, batch: u64, signal: u64) -> Status {
    let mut command = Submit::new_zeroed();
    command.context = U32::new(1);
    command.batch_count = U16::new(1);
    command.signal = U64::new(signal);
    let bytes = encode(&command, &batch.to_le_bytes());
    status(session, Queue::Submit, &bytes)
}

fn status(session: &mut Session, queue: Queue, bytes: &[u8]) -> Status {
    match session.command(queue, bytes, 64) {
        Ok(_) => Status::Ok,
        Err(refusal) => refusal.status,
    }
}

fn extent(address: u64, length: u64) -> Extent {
    Extent {
        address: U64::new(address),
        length: U64::new(length),
    }
}

#[test]
fn engine_properties_are_passed_on_as_they_are_or_not_at_all() {
    let (mut session, recorder) = session();
    let mut command = protocol::SetEngineProperties {
        class: U16::new(2),
        instance: U16::new(1),
        flags: U32::new(protocol::EngineFlags::HANG_DETECTION),
        heartbeat_interval_ms: U32::new(u32::MAX),
        preempt_timeout_ms: U32::ZERO,
        timeslice_duration_ms: U32::new(7),
        reserved: U32::ZERO,
    };
    let mut set = |command: &protocol::SetEngineProperties| {
        status(&mut session, Queue::Control, &encode(command, &[]))
    };
    assert_eq!(set(&command), Status::Ok);
    let mut passed = EngineProperties {
        class: 2,
        instance: 1,
        heartbeat_interval_ms: u32::MAX,
        preempt_timeout_ms: 0,
        timeslice_duration_ms: 7,
        hang_detection: true,
    };
    assert_eq!(recorder.0.lock().unwrap().properties, [passed]);
    command.flags = U32::ZERO;
    assert_eq!(set(&command), Status::Ok);
    passed.hang_detection = false;
    assert_eq!(recorder.0.lock().unwrap().properties[1], passed);
    command.instance = U16::new(2);
    assert_eq!(set(&command), Status::Unsupported);
    assert_eq!(recorder.0.lock().unwrap().properties.len(), 2);
}

#[test]
fn resets_are_of_engines_that_are_there() {
    let (mut session, _) = session();
    let engines = session.platform.engines.len() as u32;
    let mut reset = |engines: u32| {
        let command = protocol::ResetEngines {
            engines: U32::new(engines),
            reserved: U32::ZERO,
        };
        status(&mut session, Queue::Control, &encode(&command, &[]))
    };
    assert_eq!(reset((1 << engines) - 1), Status::Ok);
    assert_eq!(reset(1 << engines), Status::Unsupported);
    assert_eq!(reset(0), Status::InvalidCommand);
}

#[test]
fn extents_are_cut_where_regions_of_memory_meet_and_addresses_folded() {
    let (mut session, recorder) = session();
    let top = 0xffff_8000_0000_0000;
    assert_eq!(
        bind(&mut session, top, &[extent(0xe000, 0x4000)], 1),
        Status::Ok
    );
    assert_eq!(submit(&mut session, top, 1), Status::Ok);
    let record = recorder.0.lock().unwrap();
    let update = &record.updates[0];
    assert_eq!(update.address, 1 << 47);
    let Backing::Memory { extents, read_only } = &update.backing else {
        panic!("{update:?}");
    };
    assert!(!read_only);
    let pieces: Vec<_> = extents.iter().map(|e| (e.address, e.length)).collect();
    assert_eq!(pieces, [(0xe000, 0x2000), (0x1_0000, 0x2000)]);
    assert_eq!(record.submissions[0].batches[..], [1 << 47]);
}

#[test]
fn unfinished_commands_are_limited_and_the_refused_ones_point_is_reached() {
    let (mut session, recorder) = session();
    let limit = u64::from(protocol::MAX_PENDING_COMMANDS);
    for signal in 1..=limit {
        assert_eq!(submit(&mut session, 0, signal), Status::Ok);
    }
    assert_eq!(submit(&mut session, 0, limit + 1), Status::LimitExceeded);
    assert_eq!(
        bind(&mut session, 0, &[extent(0, 0x1000)], 1),
        Status::LimitExceeded
    );
    session.finished(Held::default());
    assert_eq!(submit(&mut session, 0, limit + 1), Status::InvalidCommand);
    let mut command = Submit::new_zeroed();
    command.context = U32::new(1);
    command.batch_count = U16::new(1);
    command.signal = U64::new(limit + 2);
    command.wait_count = U32::new(2);
    let waits = [
        protocol::Point::new(10, 1),
        protocol::Point::new(20, limit + 1),
    ];
    let lists = [&[0; 8], waits.as_bytes()].concat();
    let bytes = encode(&command, &lists);
    assert_eq!(status(&mut session, Queue::Submit, &bytes), Status::Ok);
    let record = recorder.0.lock().unwrap();
    let waits = &record.submissions.last().unwrap().waits;
    let values: Vec<_> = waits.iter().map(|wait| wait.point.value).collect();
    assert_eq!(values, [limit]);
}

#[test]
fn waits_and_extents_of_unfinished_commands_are_limited_together() {
    let (mut session, recorder) = session();
    // Of a timeline only the last point counts, once for its end and once for its start.
    let mut number = 0;
    let mut waiting = |session: &mut Session, timelines: u32| {
        number += 1;
        let mut waits = Vec::new();
        for timeline in 0..timelines {
            waits.push(protocol::Point::new(1000 + timeline, 7));
            waits.push(protocol::Point::new(1000 + timeline, 9));
            waits.push(protocol::Point::start(1000 + timeline, 9));
        }
        waits.truncate(protocol::MAX_WAITS as usize);
        let mut command = Submit::new_zeroed();
        command.context = U32::new(1);
        command.batch_count = U16::new(1);
        command.signal = U64::new(number);
        command.wait_count = U32::new(waits.len() as u32);
        let lists = [&[0; 8], waits.as_bytes()].concat();
        let bytes = encode(&command, &lists);
        status(session, Queue::Submit, &bytes)
    };
    for timeline in 0..64 {
        let space = protocol::CreateAddressSpace {
            address_space: U32::new(1000 + timeline),
            bind_timeline: U32::new(1000 + timeline),
        };
        let bytes = encode(&space, &[]);
        assert_eq!(status(&mut session, Queue::Control, &bytes), Status::Ok);
    }
    let fits = protocol::MAX_PENDING_WAITS / 128;
    assert!(fits < protocol::MAX_PENDING_COMMANDS);
    for _ in 0..fits {
        assert_eq!(waiting(&mut session, 64), Status::Ok);
    }
    assert_eq!(session.held.waits, protocol::MAX_PENDING_WAITS);
    let passed_on = &recorder.0.lock().unwrap().submissions[0].waits.clone();
    assert_eq!(passed_on.len(), 128);
    assert!(passed_on.iter().all(|wait| wait.point.value == 9));
    assert_eq!(waiting(&mut session, 1), Status::LimitExceeded);
    assert_eq!(waiting(&mut session, 0), Status::Ok);
    session.finished(Held {
        waits: 2,
        ..Held::default()
    });
    assert_eq!(waiting(&mut session, 1), Status::Ok);
    session.finished(session.held);

    let many = vec![extent(0, 0x1000); protocol::MAX_EXTENTS as usize];
    let fits = u64::from(protocol::MAX_PENDING_EXTENTS / protocol::MAX_EXTENTS);
    for signal in 1..=fits {
        assert_eq!(bind(&mut session, 0, &many, signal), Status::Ok);
    }
    let one = [extent(0, 0x1000)];
    let refused = bind(&mut session, 0, &one, fits + 1);
    assert_eq!(refused, Status::LimitExceeded);
    session.finished(Held {
        extents: 1,
        ..Held::default()
    });
    assert_eq!(bind(&mut session, 0, &one, fits + 2), Status::Ok);
}

#[test]
fn a_gang_needs_an_engine_for_each_batch_and_passes_on_what_was_asked() {
    let (mut session, recorder) = session();
    let engine = |class, instances, timeline| protocol::ContextEngine {
        class: U16::new(class),
        instances: U16::new(instances),
        timeline: U32::new(timeline),
    };
    // vcs0, vcs1, vcs0 again, either of both.
    let engines = [
        engine(2, 0b01, 30),
        engine(2, 0b10, 31),
        engine(2, 0b01, 32),
        engine(2, 0b11, 33),
    ];
    let mut context = protocol::CreateContext::new_zeroed();
    context.context = U32::new(2);
    context.address_space = U32::new(1);
    context.engine_count = U32::new(engines.len() as u32);
    let bytes = encode(&context, engines.as_bytes());
    assert_eq!(status(&mut session, Queue::Control, &bytes), Status::Ok);

    let mut gang = |slot: u16, batches: &[u64], signal: u64| {
        let mut command = Submit::new_zeroed();
        command.context = U32::new(2);
        command.slot = U16::new(slot);
        command.batch_count = U16::new(batches.len() as u16);
        command.signal = U64::new(signal);
        command.priority = I32::new(-7);
        command.wait_count = U32::new(2);
        let points = [protocol::Point::start(20, 1), protocol::Point::new(20, 1)];
        let lists = [batches.as_bytes(), points.as_bytes()].concat();
        status(&mut session, Queue::Submit, &encode(&command, &lists))
    };
    assert_eq!(gang(0, &[8, 16], 1), Status::Ok);
    assert_eq!(gang(1, &[8, 16], 1), Status::Ok);
    for (slot, batches) in [(0, 3), (2, 2), (0, 4)] {
        let batches = vec![8; batches];
        // Refused, its point is reached: the value can't be used again.
        assert_eq!(
            gang(slot, &batches, 2 + u64::from(slot) + batches.len() as u64),
            Status::Unsupported
        );
    }
    assert_eq!(gang(3, &[8, 16], 1), Status::NotFound);
    let record = recorder.0.lock().unwrap();
    let first = &record.submissions[0];
    assert_eq!(
        (first.slot, &first.batches[..], first.priority),
        (0, &[8, 16][..], -7)
    );
    // By timeline.
    let starts: Vec<_> = first.waits.iter().map(|wait| wait.start).collect();
    assert_eq!(starts, [false, true]);
    assert_eq!(record.submissions.len(), 2);
}

#[test]
fn bound_extents_are_limited_over_all_and_come_free_when_replaced() {
    let (mut session, _) = session();
    let many = vec![extent(0, 0x1000); protocol::MAX_EXTENTS as usize];
    let length = u64::from(protocol::MAX_EXTENTS) * 0x1000;
    let binds = protocol::MAX_BOUND_EXTENTS / u64::from(protocol::MAX_EXTENTS);
    for n in 1..=binds {
        assert_eq!(bind(&mut session, n * length, &many, n), Status::Ok);
        session.finished(session.held);
    }
    let one = [extent(0, 0x1000)];
    assert_eq!(
        bind(&mut session, 0, &one, binds + 1),
        Status::LimitExceeded
    );
    let mut unbind = protocol::Unbind::new_zeroed();
    unbind.address_space = U32::new(1);
    unbind.address = U64::new(length);
    unbind.length = U64::new(0x1000);
    unbind.signal = U64::new(binds + 2);
    let bytes = encode(&unbind, &[]);
    assert_eq!(status(&mut session, Queue::Bind, &bytes), Status::Ok);
    assert_eq!(bind(&mut session, 0, &one, binds + 3), Status::Ok);
}

#[test]
fn an_executors_refusal_reaches_the_driver_and_changes_nothing() {
    let (mut session, recorder) = session();
    let text = String::new;
    for (refuse, expected) in [
        (Refused::NotFound(text()), Status::NotFound),
        (Refused::Exists(text()), Status::Exists),
        (Refused::Limit(text()), Status::LimitExceeded),
        (Refused::BadExtent(text()), Status::BadExtent),
        (Refused::BadRange(text()), Status::BadRange),
        (Refused::Unsupported(text()), Status::Unsupported),
        (Refused::OutOfMemory(text()), Status::OutOfMemory),
    ] {
        recorder.0.lock().unwrap().refuse = Some(refuse);
        let space = protocol::CreateAddressSpace {
            address_space: U32::new(2),
            bind_timeline: U32::new(11),
        };
        let bytes = encode(&space, &[]);
        assert_eq!(status(&mut session, Queue::Control, &bytes), expected);
        assert!(!session.address_spaces.contains_key(&2));
        assert!(!session.timelines.contains(11));
    }
    assert_eq!(
        bind(&mut session, 0, &[extent(0, 0x1000)], 1),
        Status::OutOfMemory
    );
    assert_eq!(session.bound_extents, 0);
    assert_eq!(session.unfinished, 0);
}

#[test]
fn the_software_gpu_allows_whatever_the_wire_does() {
    use softgpu::limits;
    for (wire, model) in [
        (protocol::MAX_CONTEXTS, limits::MAX_CONTEXTS),
        (protocol::MAX_ADDRESS_SPACES, limits::MAX_ADDRESS_SPACES),
        (protocol::MAX_CONTEXT_ENGINES, limits::MAX_SLOTS),
        (protocol::MAX_PENDING_COMMANDS, limits::MAX_PENDING),
        (protocol::MAX_WAITS, limits::MAX_WAITS),
        (protocol::MAX_BATCHES, limits::MAX_BATCHES),
        (
            protocol::MAX_WAITS * protocol::MAX_PENDING_COMMANDS,
            limits::MAX_WAITS_TOTAL,
        ),
        (protocol::MAX_EXTENTS, limits::MAX_EXTENTS),
        // A queue holds 1,024 chains.
        (protocol::MAX_EXTENTS * 1024, limits::MAX_EXTENTS_PENDING),
        (
            protocol::MAX_BOUND_EXTENTS as u32,
            limits::MAX_MAPPED_EXTENTS,
        ),
    ] {
        assert!(wire as usize <= model, "{wire} {model}");
    }
}

/// Hears nothing.
struct Deaf;

impl executor::Sink for Deaf {
    fn completed(&self, _: executor::Completion) {}
    fn hung(&self, _: executor::Hang) {}
}

/// Makes a context with an address space of its own and every engine of the platform, or
/// the last of these that is refused.
fn create_both(session: &mut Session, number: u32) -> Status {
    let space = protocol::CreateAddressSpace {
        address_space: U32::new(number),
        bind_timeline: U32::new(number * 8),
    };
    let made = status(session, Queue::Control, &encode(&space, &[]));
    if made != Status::Ok {
        return made;
    }
    let engines: Vec<_> = [(0, 1), (1, 1), (2, 1), (2, 2), (3, 1)]
        .into_iter()
        .zip(number * 8 + 1..)
        .map(|((class, instances), timeline)| protocol::ContextEngine {
            class: U16::new(class),
            instances: U16::new(instances),
            timeline: U32::new(timeline),
        })
        .collect();
    let mut context = protocol::CreateContext::new_zeroed();
    context.context = U32::new(number);
    context.address_space = U32::new(number);
    context.engine_count = U32::new(engines.len() as u32);
    let bytes = encode(&context, engines.as_bytes());
    status(session, Queue::Control, &bytes)
}

fn destroy_both(session: &mut Session, number: u32) {
    let context = protocol::DestroyContext {
        context: U32::new(number),
        reserved: U32::ZERO,
    };
    let space = protocol::DestroyAddressSpace {
        address_space: U32::new(number),
        reserved: U32::ZERO,
    };
    for bytes in [encode(&context, &[]), encode(&space, &[])] {
        assert_eq!(status(session, Queue::Control, &bytes), Status::Ok);
    }
}

fn assert_empty(session: &Session) {
    assert!(session.address_spaces.is_empty() && session.contexts.is_empty());
    assert_eq!(session.timelines.len(), 0);
    assert_eq!(session.bound_extents, 0);
    let counters = session.executor.counters();
    for what in ["address_spaces", "contexts", "slots", "timelines"] {
        assert_eq!(counters[what], 0, "{what}");
    }
}

#[test]
fn as_many_contexts_as_the_wire_allows_come_and_go_and_leave_nothing() {
    let memory = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).unwrap());
    let factory = executor::software("tgl").unwrap();
    let executor = factory.start(Arc::clone(&memory), Arc::new(Deaf)).unwrap();
    let mut session = Session::new(
        executor,
        factory.platform().clone(),
        memory,
        Limits::default(),
    );
    greet(&mut session);
    // One after the other.
    for number in 1..=100_000 {
        assert_eq!(create_both(&mut session, number % 3), Status::Ok);
        destroy_both(&mut session, number % 3);
    }
    assert_empty(&session);
    // All at once.
    for number in 1..=protocol::MAX_CONTEXTS {
        assert_eq!(create_both(&mut session, number), Status::Ok);
    }
    assert_eq!(create_both(&mut session, 0), Status::LimitExceeded);
    for number in 1..=protocol::MAX_CONTEXTS {
        destroy_both(&mut session, number);
    }
    assert_empty(&session);
}
