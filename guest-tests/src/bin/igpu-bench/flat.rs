//! Whether costs depend on how much else there is: with one context and with many, with
//! one mapping and with many. Small differences are looked for, so the lower quartile of each
//! round counts, into which less of what interrupts falls than into the median; and each
//! round begins with another number.

use std::fmt;

use serde::Serialize;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Exec3, Object, Result, Syncobj,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::spread::Spread;

use crate::gpu::{PAGE, PATIENCE};
use crate::samples::{settle, time_us};

/// The numbers of contexts and of mappings; the first is what the others are held against.
const CONTEXTS: [u32; 4] = [1, 10, 100, 1000];
const MAPPINGS: [u32; 4] = [1, 100, 10_000, 100_000];
/// Of many contexts so many are used in turn, spread over them.
const USED: usize = 10;
const NOOP_AT: u64 = 0x1_0000;
const MANY_AT: u64 = 0x10_0000_0000;
const TIMED_AT: u64 = 0x4000_0000_0000;
const REPEATS: u32 = 40;

/// A cost with so much else there.
#[derive(Debug, Serialize)]
pub(crate) struct Flat {
    name: &'static str,
    what: &'static str,
    /// How many contexts or mappings there are.
    count: u32,
    /// Microseconds.
    time: Spread,
    /// In the same with one, of the same round.
    to_one: Spread,
}

impl fmt::Display for Flat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>24} {:>20} {:>8}  {}",
            self.time.to_string(),
            self.to_one.to_string(),
            self.count,
            self.what
        )
    }
}

/// A client with contexts that share an address space, in which a page is mapped often.
struct Client {
    device: &'static Device,
    vm: &'static AddressSpace<'static>,
    contexts: Vec<Context<'static>>,
    page: Object<'static>,
    done: Syncobj<'static>,
    _batch: Object<'static>,
}

impl Client {
    fn new(contexts: u32, mappings: u32) -> Result<Self> {
        // Lives as long as the program, and so may what is in it.
        let device: &'static Device = Box::leak(Box::new(Device::open()?));
        let vm: &'static AddressSpace<'static> = Box::leak(Box::new(AddressSpace::create(device)?));
        let batch = Object::create_private(device, PAGE, vm)?;
        batch.map()?.write_dwords(0, &Batch::new().end());
        vm.bind(&batch, NOOP_AT)?;
        let mut client = Self {
            device,
            vm,
            contexts: Vec::new(),
            page: Object::create(device, PAGE)?,
            done: Syncobj::create(device)?,
            _batch: batch,
        };
        for _ in 0..contexts {
            let context = Context::for_vm(device, vm, &[Engine::RCS0])?;
            client.contexts.push(context);
            client.submit(client.contexts.len() - 1)?;
        }
        for index in 1..mappings {
            let at = MANY_AT + u64::from(index) * PAGE;
            let fence = client.done.signal_fence(0);
            vm.bind_async(&client.page, at, fence)?;
        }
        client.submit(0)?;
        Ok(client)
    }

    fn submit(&self, place: usize) -> Result<()> {
        Exec3::new(&self.contexts[place], 0, NOOP_AT)
            .fence(self.done.signal_fence(0))
            .submit(self.device)?;
        self.done.wait(PATIENCE)
    }

    /// Microseconds of a submission and the wait for it.
    fn time_of_submission(&self) -> Result<f64> {
        let step = self.contexts.len().div_ceil(USED);
        let mut places = (0..self.contexts.len()).step_by(step).cycle();
        settle();
        for _ in 0..USED {
            self.submit(places.next().unwrap_or(0))?;
        }
        let time = time_us(REPEATS, 1, || self.submit(places.next().unwrap_or(0)))?;
        Ok(time.low)
    }

    /// Microseconds of a bind and of an unbind, each waited for.
    fn times_of_binding(&self) -> Result<(f64, f64)> {
        let mut at = (0..).map(|index: u64| TIMED_AT + index * PAGE);
        settle();
        let bind = time_us(REPEATS, 1, || {
            self.vm.bind(&self.page, at.next().unwrap_or(TIMED_AT))
        })?;
        let mut at = (0..).map(|index: u64| TIMED_AT + index * PAGE);
        let unbind = time_us(REPEATS, 1, || {
            self.vm.unbind(at.next().unwrap_or(TIMED_AT), PAGE)
        })?;
        Ok((bind.low, unbind.low))
    }
}

/// What `measure` says of each client, the one of that round first.
fn in_turn<T>(
    clients: &[Client],
    round: u32,
    measure: impl Fn(&Client) -> Result<T>,
) -> Result<Vec<T>> {
    let first = round as usize % clients.len();
    let order = (first..clients.len()).chain(0..first);
    let mut times = order
        .map(|place| Ok((place, measure(&clients[place])?)))
        .collect::<Result<Vec<_>>>()?;
    times.sort_by_key(|(place, _)| *place);
    Ok(times.into_iter().map(|(_, time)| time).collect())
}

/// Times of each number, by round.
type Rows = Vec<Vec<f64>>;

fn rows(name: &'static str, what: &'static str, counts: &[u32], rounds: &Rows) -> Vec<Flat> {
    let of = |place: usize| Flat {
        name,
        what,
        count: counts[place],
        time: Spread::of(rounds.iter().map(|round| round[place]).collect()),
        to_one: Spread::of(rounds.iter().map(|round| round[place] / round[0]).collect()),
    };
    (0..counts.len()).map(of).collect()
}

/// Measures.
pub(crate) fn measure(rounds: u32) -> Result<Vec<Flat>> {
    let contexts = CONTEXTS
        .into_iter()
        .map(|count| Client::new(count, 1))
        .collect::<Result<Vec<_>>>()?;
    let mut submit = Rows::new();
    for round in 0..rounds {
        submit.push(in_turn(&contexts, round, Client::time_of_submission)?);
    }
    drop(contexts);
    let mappings = MAPPINGS
        .into_iter()
        .map(|count| Client::new(1, count))
        .collect::<Result<Vec<_>>>()?;
    let (mut submit_mapped, mut bind, mut unbind) = (Rows::new(), Rows::new(), Rows::new());
    for round in 0..rounds {
        submit_mapped.push(in_turn(&mappings, round, Client::time_of_submission)?);
        let times = in_turn(&mappings, round, Client::times_of_binding)?;
        bind.push(times.iter().map(|(bind, _)| *bind).collect());
        unbind.push(times.iter().map(|(_, unbind)| *unbind).collect());
    }
    let what = "a submission that does nothing, and the wait for it";
    let mut all = rows("contexts", what, &CONTEXTS, &submit);
    all.extend(rows("mappings_submit", what, &MAPPINGS, &submit_mapped));
    let what = "VM_BIND of a page, waited for";
    all.extend(rows("mappings_bind", what, &MAPPINGS, &bind));
    let what = "VM_UNBIND of a page, waited for";
    all.extend(rows("mappings_unbind", what, &MAPPINGS, &unbind));
    Ok(all)
}
