// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executor. What it can't have as the seam does:
//!
//! - Whether work is taken is answered by the device when it takes it, and by nothing else
//!   than a refusal. A call sends another command behind it, which is refused for certain:
//!   when that comes back, the first one has been taken. So work goes to the device one by one.
//! - More than 254 pieces of work of a queue wait on this side ([`crate::state`]).
//! - A refused update counts as done for those who wait for its point and were sent before it.
//! - Engines that are not there can't be reset: they are left out.
//!
//! A context is destroyed, and an address space, after all that was sent to them.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::{
    CancelContext, CloseContext, Command, ContextRuntimeReply, CreateAddressSpace,
    DestroyAddressSpace, DestroyContext, Hello, QueryContextRuntime, QueryPlatform, Queue,
    ReadRegister, ReplyHeader, ResetActive, ResetEngines, SetContextFlags, SetEngineProperties,
    Status,
};
use vhost::VhostBackend;
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use virtio_igpu_executor::{
    Backing, Completion, Context, ContextFlags, EngineProperties, Executor, Factory, GuestMemory,
    Hang, Platform, Point, Refused, Sink, Submission, Timeline, Update, Wait,
};
use virtio_igpu_protocol as protocol;
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::commands;
use crate::connection;
use crate::daemon::Daemon;
use crate::ring::Ring;
use crate::state::{Sent, State, Ticket, Work};

/// How many times `patience` a daemon lives.
const LIFE: u32 = 8;
/// How often it is looked whether the daemon is still there.
const GLANCE: Duration = Duration::from_millis(200);

/// Why there is no executor behind a daemon.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The daemon does not run; what it said.
    #[error("the daemon does not start: {0}")]
    Daemon(#[source] io::Error),
    /// This side lacks something.
    #[error("no guest can be made up: {0}")]
    Guest(#[from] io::Error),
    /// The connection.
    #[error("the daemon does not talk as vhost-user backends do: {0}")]
    Connection(#[from] vhost::Error),
}

/// A daemon that executes on whatever its command line says.
pub struct Remote {
    daemon: Arc<Daemon>,
    platform: Platform,
    patience: Duration,
}

impl Remote {
    /// Starts a daemon with more arguments than where to listen. Nothing takes longer than
    /// `patience` if it is well.
    pub fn start(
        program: &Path,
        arguments: &[OsString],
        patience: Duration,
    ) -> Result<Self, Failed> {
        let daemon = Daemon::start(program, arguments, patience, patience * LIFE);
        let daemon = Arc::new(daemon.map_err(Failed::Daemon)?);
        let memory = Arc::new(GuestMemory::new());
        let asking = Connected::open(Arc::clone(&daemon), memory, Arc::new(Deaf), patience)?;
        let config = connection::config(&asking.frontend)?;
        let reply = asking.ask(&QueryPlatform::default());
        let platform = commands::platform(&config, &reply);
        drop(asking);
        Ok(Self {
            daemon,
            platform,
            patience,
        })
    }
}

impl Factory for Remote {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn start(
        &self,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Executor>, Refused> {
        let connected = Connected::open(Arc::clone(&self.daemon), memory, sink, self.patience)
            .map_err(|error| Refused::OutOfMemory(error.to_string()))?;
        Ok(Box::new(RemoteExecutor {
            connected,
            engines: self.platform.engines.len(),
        }))
    }
}

/// Who only asks what the platform is has no work.
struct Deaf;

impl Sink for Deaf {
    fn completed(&self, completion: Completion) {
        panic!("{completion:?}, and there is no work");
    }

    fn hung(&self, hang: Hang) {
        panic!("{hang:?}, and there is no work");
    }
}

/// What the listening thread and the calls share.
struct Shared {
    state: Mutex<State>,
    /// Something has come back.
    back: Condvar,
    over: EventFd,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection with queues that run.
struct Connected {
    frontend: Frontend,
    shared: Arc<Shared>,
    own: Arc<GuestMemory>,
    /// The daemon maps it too; it stays until it has been told of another.
    memory: Arc<GuestMemory>,
    listener: Option<JoinHandle<()>>,
    daemon: Arc<Daemon>,
    patience: Duration,
}

impl Connected {
    fn open(
        daemon: Arc<Daemon>,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
        patience: Duration,
    ) -> Result<Self, Failed> {
        let own = Arc::new(connection::own_memory()?);
        let mut frontend = connection::connect(&daemon.socket())?;
        connection::set_memory(&frontend, [&memory, &own])?;
        let rings = [
            Ring::new(Queue::Control)?,
            Ring::new(Queue::Bind)?,
            Ring::new(Queue::Submit)?,
            Ring::new(Queue::Event)?,
        ];
        let epoll = Epoll::new()?;
        let over = EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?;
        for (number, event) in rings
            .iter()
            .map(|ring| &ring.call)
            .chain([&over])
            .enumerate()
        {
            let interest = EpollEvent::new(EventSet::IN, number as u64);
            epoll.ctl(ControlOperation::Add, event.as_raw_fd(), interest)?;
        }
        for ring in &rings {
            ring.start(&mut frontend, &own)?;
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(Arc::clone(&own), rings, sink)),
            back: Condvar::new(),
            over,
        });
        shared.state().listen_to_events();
        let listening = Arc::clone(&shared);
        let listener = std::thread::Builder::new()
            .name("listener".into())
            .spawn(move || listen(&listening, &epoll))?;
        let connected = Self {
            frontend,
            shared,
            own,
            memory,
            listener: Some(listener),
            daemon,
            patience,
        };
        let reply = connected.ask(&Hello::new(0));
        assert_eq!(
            reply.header.status(),
            Status::Ok,
            "the device says no hello"
        );
        Ok(connected)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Waits for an answer.
    fn wait(&self, ticket: Ticket) -> Vec<u8> {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            if let Some(answer) = state.answer(ticket) {
                return answer;
            }
            let waited = self.shared.back.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let ended = self.daemon.ended().ok().flatten();
            let deaf = self.listener.as_ref().is_none_or(JoinHandle::is_finished);
            if ended.is_some() || deaf || begun.elapsed() > self.patience {
                drop(state);
                panic!("the device does not answer ({ended:?})");
            }
        }
    }

    /// The reply to a command of the control queue.
    fn reply<R: FromBytes + KnownLayout + Immutable>(&self, command: &[u8]) -> R {
        let room = size_of::<R>() as u32;
        let ticket = self.state().ask(Queue::Control, command, room);
        R::read_from_bytes(&self.wait(ticket)).expect("a whole reply")
    }

    fn ask<C>(&self, command: &C) -> C::Reply
    where
        C: Command + IntoBytes + Immutable,
        C::Reply: FromBytes + KnownLayout + Immutable,
    {
        self.reply(&commands::encode(command, &[]))
    }

    fn order<C>(&self, command: &C) -> Result<(), Refused>
    where
        C: Command<Reply = ReplyHeader> + IntoBytes + Immutable,
    {
        done(self.ask(command).status())
    }

    /// Sends work and finds out whether it is taken.
    fn send(&self, command: Sent, point: Option<Point>, waits: &[Wait]) -> Result<(), Refused> {
        let sent = {
            let mut state = self.state();
            let waits = state.timelines.waits(waits);
            if waits.len() > protocol::MAX_WAITS as usize {
                return Err(Refused::Limit("more waits than a command holds".into()));
            }
            // Whose owner is not there has no timeline, and will be refused.
            let point = point.unwrap_or(Point {
                timeline: Timeline::MAX,
                value: 1,
            });
            let value = state.timelines.value(point);
            let sent = state.send(Work::new(command, point, value, waits));
            (sent, point)
        };
        let (Some((refused, taken)), point) = sent else {
            self.state().timelines.accept(sent.1);
            return Ok(());
        };
        self.wait(taken);
        let mut state = self.state();
        let Some(reply) = state.answer(refused) else {
            state.timelines.accept(point);
            return Ok(());
        };
        let header = ReplyHeader::read_from_prefix(&reply);
        let status = header.expect("a reply has a header").0.status();
        state.timelines.refuse(point, status);
        Err(commands::refused(status))
    }
}

impl Drop for Connected {
    /// Stops the queues, as QEMU does before it goes: what was taken comes back, and nothing
    /// touches guest memory any more.
    fn drop(&mut self) {
        for queue in 0..protocol::QUEUE_COUNT {
            let stopped = self.frontend.set_vring_enable(queue, false);
            if let Err(error) = stopped.and_then(|()| self.frontend.get_vring_base(queue)) {
                eprintln!("queue {queue} can't be stopped: {error}");
            }
        }
        let _ = self.shared.over.write(1);
        if let Some(listener) = self.listener.take()
            && listener.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the device has broken a rule: see above");
        }
    }
}

/// Looks at what comes back, until it is over.
fn listen(shared: &Shared, epoll: &Epoll) {
    let mut events = [EpollEvent::default(); 8];
    loop {
        let count = match epoll.wait(-1, &mut events) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => panic!("waiting for interrupts: {error}"),
        };
        let mut state = shared.state();
        for event in &events[..count] {
            if let Some(ring) = state.rings.get(event.data() as usize) {
                // Empty if the device interrupted between two looks.
                let _ = ring.call.read();
            }
        }
        state.look();
        drop(state);
        shared.back.notify_all();
        if shared.over.read().is_ok() {
            return;
        }
    }
}

/// Whether a command was carried out.
fn done(status: Status) -> Result<(), Refused> {
    match status {
        Status::Ok => Ok(()),
        status => Err(commands::refused(status)),
    }
}

/// The executor behind a connection.
struct RemoteExecutor {
    connected: Connected,
    engines: usize,
}

impl Executor for RemoteExecutor {
    fn set_memory(&mut self, memory: Arc<GuestMemory>) -> Result<(), Refused> {
        let Connected { frontend, own, .. } = &self.connected;
        connection::set_memory(frontend, [&memory, own])
            .map_err(|error| Refused::OutOfMemory(error.to_string()))?;
        self.connected.memory = memory;
        Ok(())
    }

    fn create_address_space(&mut self, id: u32, timeline: Timeline) -> Result<(), Refused> {
        let number = self.connected.state().timelines.number(timeline);
        self.connected.order(&CreateAddressSpace {
            address_space: U32::new(id),
            bind_timeline: U32::new(number),
        })?;
        self.connected.state().spaces.insert(id, timeline);
        Ok(())
    }

    fn destroy_address_space(&mut self, id: u32) -> Result<(), Refused> {
        self.connected.order(&DestroyAddressSpace {
            address_space: U32::new(id),
            reserved: U32::ZERO,
        })?;
        self.connected.state().spaces.remove(&id);
        Ok(())
    }

    fn create_context(&mut self, id: u32, context: Context) -> Result<(), Refused> {
        let timelines: Vec<_> = context.slots.iter().map(|slot| slot.timeline).collect();
        let mut state = self.connected.state();
        let numbers = timelines
            .iter()
            .map(|&timeline| state.timelines.number(timeline));
        let numbers: Vec<_> = numbers.collect();
        drop(state);
        let command = commands::create_context(id, &context, &numbers);
        done(self.connected.reply::<ReplyHeader>(&command).status())?;
        self.connected.state().contexts.insert(id, timelines);
        Ok(())
    }

    fn destroy_context(&mut self, id: u32) -> Result<(), Refused> {
        self.connected.order(&DestroyContext {
            context: U32::new(id),
            reserved: U32::ZERO,
        })?;
        self.connected.state().contexts.remove(&id);
        Ok(())
    }

    fn set_context_flags(&mut self, id: u32, flags: ContextFlags) -> Result<(), Refused> {
        self.connected.order(&SetContextFlags {
            context: U32::new(id),
            flags: commands::context_flags(flags),
        })
    }

    fn cancel_context(&mut self, id: u32) -> Result<(), Refused> {
        self.connected.order(&CancelContext {
            context: U32::new(id),
            reserved: U32::ZERO,
        })
    }

    fn close_context(&mut self, id: u32) -> Result<(), Refused> {
        self.connected.order(&CloseContext {
            context: U32::new(id),
            reserved: U32::ZERO,
        })
    }

    fn context_runtime_ns(&mut self, id: u32) -> Result<Vec<u64>, Refused> {
        let reply: ContextRuntimeReply = self.connected.ask(&QueryContextRuntime {
            context: U32::new(id),
            reserved: U32::ZERO,
        });
        done(reply.header.status())?;
        let slots = self.connected.state().contexts.get(&id).map_or(0, Vec::len);
        Ok(reply.runtime_ns[..slots]
            .iter()
            .map(|ns| ns.get())
            .collect())
    }

    fn reset_active(&mut self) {
        self.connected.state().cancel_held();
        let answer = self.connected.order(&ResetActive::default());
        answer.expect("a reset is never refused");
    }

    fn reset_engines(&mut self, engines: u32) -> u32 {
        let there = engines & ((1_u64 << self.engines) - 1) as u32;
        if there == 0 {
            return 0;
        }
        let reply = self.connected.ask(&ResetEngines {
            engines: U32::new(there),
            reserved: U32::ZERO,
        });
        done(reply.header.status()).expect("these engines are there");
        reply.submissions.get()
    }

    fn set_engine_properties(&mut self, properties: EngineProperties) -> Result<(), Refused> {
        self.connected.order(&SetEngineProperties {
            class: U16::new(properties.class),
            instance: U16::new(properties.instance),
            flags: U32::new(match properties.hang_detection {
                true => protocol::EngineFlags::HANG_DETECTION,
                false => 0,
            }),
            heartbeat_interval_ms: U32::new(properties.heartbeat_interval_ms),
            preempt_timeout_ms: U32::new(properties.preempt_timeout_ms),
            timeslice_duration_ms: U32::new(properties.timeslice_duration_ms),
            reserved: U32::ZERO,
        })
    }

    fn update(&mut self, update: Update) -> Result<(), Refused> {
        if let Backing::Memory { extents, .. } = &update.backing
            && extents.len() > protocol::MAX_EXTENTS as usize
        {
            return Err(Refused::Limit("more extents than a command holds".into()));
        }
        let timeline = self
            .connected
            .state()
            .spaces
            .get(&update.address_space)
            .copied();
        let point = timeline.map(|timeline| Point {
            timeline,
            value: update.signal,
        });
        let ends = update.waits.iter().map(|&point| Wait {
            point,
            start: false,
        });
        let waits: Vec<_> = ends.collect();
        self.connected.send(Sent::Update(update), point, &waits)
    }

    fn submit(&mut self, submission: Submission) -> Result<(), Refused> {
        let state = self.connected.state();
        let slots = state.contexts.get(&submission.context);
        let timeline = slots.and_then(|slots| slots.get(usize::from(submission.slot)).copied());
        drop(state);
        let point = timeline.map(|timeline| Point {
            timeline,
            value: submission.signal,
        });
        let waits = submission.waits.clone();
        self.connected
            .send(Sent::Submission(submission), point, &waits)
    }

    /// All that was sent has been taken.
    fn flush(&mut self) {}

    fn read_register(&self, offset: u32) -> Option<u64> {
        let reply = self.connected.ask(&ReadRegister {
            offset: U32::new(offset),
            reserved: U32::ZERO,
        });
        match reply.header.status() {
            Status::Ok => Some(reply.value.get()),
            Status::NotFound => None,
            status => panic!("a register is read: {status:?}"),
        }
    }

    fn engine_busy_ns(&self) -> Vec<u64> {
        let config = connection::config(&self.connected.frontend);
        let busy = config
            .expect("the configuration space is read")
            .engine_busy_ns;
        busy[..self.engines].iter().map(|ns| ns.get()).collect()
    }

    fn counters(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}
