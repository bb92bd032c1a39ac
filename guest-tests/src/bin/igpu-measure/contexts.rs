//! What contexts cost: creating them, using them for the first time and later, finding
//! one among many; and what of it the device hears.

use std::fmt;

use serde::Serialize;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Error, Param, Result,
};
use virtio_igpu_guest_tests::spread::Spread;
use virtio_igpu_guest_tests::sys::uapi::{I915_CONTEXT_PARAM_RECOVERABLE, I915_PARAM_CHIPSET_ID};

use crate::samples::{counters, settle, time_each};

/// Contexts that each round creates, uses and destroys.
const BATCH: u32 = 50;
/// Times that each round makes a call which leaves nothing behind.
const REPEATS: u32 = 500;
/// The few contexts, and as many of the many, that are looked up.
const FEW: u32 = 10;
/// Contexts over which messages are counted.
const COUNTED: u64 = 100;

/// What a call was measured to cost.
#[derive(Debug, Serialize)]
struct Cost {
    name: &'static str,
    what: &'static str,
    /// In nanoseconds.
    time: Spread,
    /// In GETPARAMs of the same round.
    ratio: Spread,
}

/// What the device hears of a hundred contexts.
#[derive(Debug, Serialize)]
struct Heard {
    name: &'static str,
    what: &'static str,
    messages: u64,
    doorbells: u64,
}

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    rounds: u32,
    many: u32,
    contexts_counted: u64,
    costs: Vec<Cost>,
    heard: Vec<Heard>,
    /// A look-up among the many, in look-ups among the few of the same round.
    many_to_few: Spread,
    /// The same of a context that nobody has used.
    many_to_few_unused: Spread,
}

/// The calls that are timed, in the order of their times in [`Round`].
const CALLS: [(&str, &str); 12] = [
    ("getparam", "GETPARAM"),
    ("create", "CONTEXT_CREATE"),
    (
        "create_chain",
        "CONTEXT_CREATE with a chain of four: VM, ENGINES, PERSISTENCE, PRIORITY",
    ),
    ("destroy_unused", "CONTEXT_DESTROY, never used"),
    (
        "first_use",
        "first use, with an address space and an engine map of two given",
    ),
    (
        "first_use_plain",
        "first use, nothing given: makes an address space, has all engines",
    ),
    ("later_use", "later use"),
    ("destroy_used", "CONTEXT_DESTROY, used"),
    ("use_among_few", "later use among 10 contexts"),
    ("use_among_many", "later use among the many"),
    ("set_among_few", "SETPARAM of an unused one among 10"),
    ("set_among_many", "SETPARAM of an unused one among the many"),
];

/// Nanoseconds of each call.
type Round = [f64; CALLS.len()];

/// A use: the cheapest call that needs the context.
fn use_it(context: &Context<'_>) -> Result<()> {
    context.get(I915_CONTEXT_PARAM_RECOVERABLE).map(drop)
}

fn set_it(context: &Context<'_>, time: u32) -> Result<()> {
    context.set(&Param::NoErrorCapture(time.is_multiple_of(2)))
}

/// A file with this many contexts that were used and one that wasn't, created last.
struct Crowd {
    device: &'static Device,
    used: Vec<Context<'static>>,
    unused: Context<'static>,
}

impl Crowd {
    /// The contexts share an address space and have one engine each: what a look-up finds
    /// is no larger than need be.
    fn of(count: u32) -> Result<Self> {
        // Lives as long as the program, and so may what is in it.
        let device: &'static Device = Box::leak(Box::new(Device::open()?));
        let vm: &'static AddressSpace<'static> =
            Box::leak(Box::new(AddressSpace::create_legacy(device)?));
        let params = [Param::Vm(vm.id()), Param::engines(&[Engine::RCS0])];
        let mut used = Vec::new();
        for index in 0..count {
            used.push(Context::with_params(device, &params)?);
            use_it(&used[index as usize])?;
        }
        let unused = Context::create(device)?;
        Ok(Self {
            device,
            used,
            unused,
        })
    }

    /// One of ten that are spread over all.
    fn one(&self, time: u32) -> &Context<'static> {
        let step = self.used.len() / FEW as usize;
        &self.used[(time % FEW) as usize * step + step - 1]
    }
}

/// Measures.
pub(crate) fn measure(rounds: u32, many: u32) -> Result<Report> {
    let heard = count_messages()?;
    let (few_crowd, many_crowd) = (Crowd::of(FEW)?, Crowd::of(many)?);
    settle();
    let times: Vec<Round> = (0..rounds)
        .map(|_| round(&few_crowd, &many_crowd))
        .collect::<Result<_>>()?;
    let place = |name| CALLS.iter().position(|(other, _)| *other == name);
    let ratio = |of: Option<usize>, to: Option<usize>| {
        let (of, to) = (of.unwrap_or(0), to.unwrap_or(0));
        Spread::of(times.iter().map(|round| round[of] / round[to]).collect())
    };
    let costs = CALLS.iter().enumerate().map(|(index, (name, what))| Cost {
        name,
        what,
        time: Spread::of(times.iter().map(|round| round[index]).collect()),
        ratio: ratio(Some(index), place("getparam")),
    });
    Ok(Report {
        rounds,
        many,
        contexts_counted: COUNTED,
        costs: costs.collect(),
        heard,
        many_to_few: ratio(place("use_among_many"), place("use_among_few")),
        many_to_few_unused: ratio(place("set_among_many"), place("set_among_few")),
    })
}

fn round(few: &Crowd, many: &Crowd) -> Result<Round> {
    let device = few.device;
    let getparam = time_each(REPEATS, |_| device.param(I915_PARAM_CHIPSET_ID).map(drop))?;

    let mut plain = Vec::with_capacity(BATCH as usize);
    let create = time_each(BATCH, |_| {
        plain.push(Context::create(device)?);
        Ok::<_, Error>(())
    })?;
    let destroy_unused = time_each(BATCH, |_| plain.pop().map_or(Ok(()), Context::destroy))?;

    let vm = AddressSpace::create_legacy(device)?;
    let params = chain(&vm);
    let mut chained = Vec::with_capacity(BATCH as usize);
    let create_chain = time_each(BATCH, |_| {
        chained.push(Context::with_params(device, &params)?);
        Ok::<_, Error>(())
    })?;
    settle();
    let first_use = time_each(BATCH, |time| use_it(&chained[time as usize]))?;
    settle();
    let later_use = time_each(REPEATS, |time| use_it(&chained[(time % BATCH) as usize]))?;
    let destroy_used = time_each(BATCH, |_| chained.pop().map_or(Ok(()), Context::destroy))?;
    settle();

    for _ in 0..BATCH {
        plain.push(Context::create(device)?);
    }
    let first_use_plain = time_each(BATCH, |time| use_it(&plain[time as usize]))?;
    drop(plain);
    settle();

    Ok([
        getparam,
        create,
        create_chain,
        destroy_unused,
        first_use,
        first_use_plain,
        later_use,
        destroy_used,
        time_each(REPEATS, |time| use_it(few.one(time)))?,
        time_each(REPEATS, |time| use_it(many.one(time)))?,
        time_each(REPEATS, |time| set_it(&few.unused, time))?,
        time_each(REPEATS, |time| set_it(&many.unused, time))?,
    ])
}

fn chain(vm: &AddressSpace<'_>) -> [Param; 4] {
    [
        Param::Vm(vm.id()),
        Param::engines(&[Engine::RCS0, Engine::BCS0]),
        Param::Persistence(true),
        Param::Priority(-1),
    ]
}

/// Counts what the device hears of a hundred contexts, one step of their lives after the
/// other.
fn count_messages() -> Result<Vec<Heard>> {
    let device = Device::open()?;
    let vm = AddressSpace::create_legacy(&device)?;
    let params = chain(&vm);
    let mut contexts = Vec::new();
    let mut heard = Vec::new();
    let mut before = counters()?;
    let mut step = |name, what| {
        let now = counters()?;
        let grown = now.since(&before);
        before = now;
        heard.push(Heard {
            name,
            what,
            messages: grown.sum("commands_"),
            doorbells: grown.sum("kicks_"),
        });
        Ok::<_, Error>(())
    };
    for _ in 0..COUNTED {
        contexts.push(Context::with_params(&device, &params)?);
    }
    step("create", "CONTEXT_CREATE with a chain of four")?;
    contexts.drain(..).try_for_each(Context::destroy)?;
    step("destroy_unused", "CONTEXT_DESTROY, never used")?;
    for _ in 0..COUNTED {
        contexts.push(Context::with_params(&device, &params)?);
    }
    contexts.iter().try_for_each(use_it)?;
    step("first_use", "first use, address space given")?;
    contexts.iter().try_for_each(use_it)?;
    step("later_use", "later use")?;
    contexts.drain(..).try_for_each(Context::destroy)?;
    step("destroy_used", "CONTEXT_DESTROY, used")?;
    for _ in 0..COUNTED {
        contexts.push(Context::create(&device)?);
    }
    contexts.iter().try_for_each(use_it)?;
    step(
        "first_use_plain",
        "first use, with an address space of its own",
    )?;
    Ok(heard)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rounds; many: {}", self.rounds, self.many)?;
        writeln!(f, "{:>12}  {:>28}", "median ns", "in GETPARAMs")?;
        for cost in &self.costs {
            let Cost {
                what, time, ratio, ..
            } = cost;
            writeln!(f, "{:>12.0}  {ratio:>28}  {what}", time.median)?;
        }
        writeln!(f, "look-up among many to among few: {}", self.many_to_few)?;
        writeln!(f, "the same, unused: {}", self.many_to_few_unused)?;
        let counted = self.contexts_counted;
        writeln!(f, "messages and doorbells for {counted} contexts")?;
        for heard in &self.heard {
            let Heard {
                what,
                messages,
                doorbells,
                ..
            } = heard;
            writeln!(f, "{messages:>12} {doorbells:>12}  {what}")?;
        }
        Ok(())
    }
}
