//! Random kernels: as source text, and computed in Rust.
//!
//! Every work-item has variables of several types, set from its inputs, changed by random
//! statements and written out at the end. Nothing is left to the compiler that C leaves open:
//! signed sums wrap because they are computed unsigned, divisors are positive, shifts stay below
//! the width, floats are not contracted.

use fastrand::Rng;

/// Input words of a work-item.
const INPUTS: usize = 6;
/// Variables of a work-item, and output words.
pub(crate) const OUTPUTS: usize = VARIABLES.len();
/// Elements of a work-item's private array.
const ARRAY: u64 = 8;

/// Stands at the beginning of each source.
pub(crate) const PRELUDE: &str = "#pragma OPENCL FP_CONTRACT OFF\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
}

use Type::{F32, I8, I16, I32, I64, U8, U16, U32, U64};

pub(crate) const VARIABLES: [Type; 10] = [U32, I32, F32, U16, I16, U8, I8, U64, I64, F32];
const INTEGERS: [Type; 8] = [U8, I8, U16, I16, U32, I32, U64, I64];

impl Type {
    fn name(self) -> &'static str {
        match self {
            U8 => "uchar",
            I8 => "char",
            U16 => "ushort",
            I16 => "short",
            U32 => "uint",
            I32 => "int",
            U64 => "ulong",
            I64 => "long",
            F32 => "float",
        }
    }

    fn bits(self) -> u32 {
        match self {
            U8 | I8 => 8,
            U16 | I16 => 16,
            U32 | I32 | F32 => 32,
            U64 | I64 => 64,
        }
    }

    fn signed(self) -> bool {
        matches!(self, I8 | I16 | I32 | I64)
    }

    /// The unsigned type that sums of this one are computed in.
    fn wide(self) -> &'static str {
        if self.bits() == 64 { "ulong" } else { "uint" }
    }

    fn unsigned(self) -> &'static str {
        match self.bits() {
            8 => "uchar",
            16 => "ushort",
            32 => "uint",
            _ => "ulong",
        }
    }

    fn range(self) -> (i128, i128) {
        let bits = self.bits();
        if self.signed() {
            (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        } else {
            (0, (1 << bits) - 1)
        }
    }

    /// The value of that type with the low bits of `value`.
    fn wrap(self, value: i128) -> i128 {
        let low = value & ((1 << self.bits()) - 1);
        if self.signed() && low >> (self.bits() - 1) & 1 != 0 {
            low - (1 << self.bits())
        } else {
            low
        }
    }

    fn clamp(self, value: i128) -> i128 {
        let (low, high) = self.range();
        value.clamp(low, high)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Integer(i128),
    Float(f32),
}

impl Value {
    fn integer(self) -> i128 {
        match self {
            Self::Integer(value) => value,
            Self::Float(value) => panic!("{value} is no integer"),
        }
    }

    fn float(self) -> f32 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => panic!("{value} is no float"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Unary {
    Not,
    Negate,
    Abs,
    CountZeros,
    CountOnes,
    Floor,
    Ceil,
    Truncate,
    Round,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Minimum,
    Maximum,
    MultiplyHigh,
    AddSaturated,
    SubtractSaturated,
    HalfAdd,
    RoundedHalfAdd,
    Rotate,
}

const OF_INTEGERS: [Binary; 18] = [
    Binary::Divide,
    Binary::Remainder,
    Binary::Add,
    Binary::Subtract,
    Binary::Multiply,
    Binary::And,
    Binary::Or,
    Binary::Xor,
    Binary::ShiftLeft,
    Binary::ShiftRight,
    Binary::Minimum,
    Binary::Maximum,
    Binary::AddSaturated,
    Binary::HalfAdd,
    Binary::Rotate,
    Binary::SubtractSaturated,
    Binary::RoundedHalfAdd,
    Binary::MultiplyHigh,
];

const OF_FLOATS: [Binary; 5] = [
    Binary::Add,
    Binary::Subtract,
    Binary::Multiply,
    Binary::Minimum,
    Binary::Maximum,
];

#[derive(Clone, Copy, Debug)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Constant(Value),
    Variable(usize),
    Element(Box<Typed>),
    Unary(Unary, Box<Typed>),
    Binary(Binary, Box<Typed>, Box<Typed>),
    /// `a * b + c`, rounded once.
    Fused(Box<Typed>, Box<Typed>, Box<Typed>),
    /// The bits of `a` where `c` has none and of `b` where it has.
    BitSelect(Box<Typed>, Box<Typed>, Box<Typed>),
    Choose(Box<Condition>, Box<Typed>, Box<Typed>),
    /// From another type: as C does it, or clamped.
    Convert(Box<Typed>, bool),
}

#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) kind: Type,
    pub(crate) expression: Expression,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition(pub(crate) Comparison, pub(crate) Typed, pub(crate) Typed);

#[derive(Clone, Debug)]
pub(crate) enum Statement {
    Set(usize, Typed),
    SetElement(Typed, Typed),
    If(Condition, Vec<Statement>, Vec<Statement>),
    /// So many times, up to seven; ended and gone on with earlier by conditions.
    Loop(Typed, Vec<Statement>),
    BreakIf(Condition),
    ContinueIf(Condition),
    /// Takes a neighbour's variable by shared local memory.
    Exchange(usize, u32),
}

/// A random kernel.
#[derive(Clone)]
pub(crate) struct Kernel {
    pub(crate) seed: u64,
    pub(crate) statements: Vec<Statement>,
}

struct Generator {
    rng: Rng,
}

impl Generator {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.usize(..from.len())]
    }

    fn constant(&mut self, kind: Type) -> Expression {
        let value = if kind == F32 {
            let magnitude = self.pick(&[0.0, 1.0, 0.5, 3.25, 1e-3, 1e10, 255.5]);
            Value::Float(if self.rng.bool() {
                -magnitude
            } else {
                magnitude
            })
        } else {
            let small = i128::from(self.rng.i32(-4..20));
            let any = i128::from(self.rng.u64(..));
            Value::Integer(kind.wrap(if self.rng.bool() { small } else { any }))
        };
        Expression::Constant(value)
    }

    fn variable(&mut self, kind: Type) -> Expression {
        let of_kind: Vec<usize> = (0..VARIABLES.len())
            .filter(|number| VARIABLES[*number] == kind)
            .collect();
        Expression::Variable(self.pick(&of_kind))
    }

    fn typed(&mut self, kind: Type, depth: u32) -> Typed {
        let expression = self.expression(kind, depth);
        Typed { kind, expression }
    }

    fn boxed(&mut self, kind: Type, depth: u32) -> Box<Typed> {
        Box::new(self.typed(kind, depth))
    }

    fn expression(&mut self, kind: Type, depth: u32) -> Expression {
        if depth == 0 {
            return if self.rng.u8(..4) == 0 {
                self.constant(kind)
            } else {
                self.variable(kind)
            };
        }
        let depth = depth - 1;
        match self.rng.u8(..12) {
            0 if kind == U32 => Expression::Element(self.boxed(U32, depth)),
            0 | 1 => {
                let operation = if kind == F32 {
                    self.pick(&[
                        Unary::Negate,
                        Unary::Abs,
                        Unary::Floor,
                        Unary::Ceil,
                        Unary::Truncate,
                        Unary::Round,
                    ])
                } else {
                    let some = [
                        Unary::Not,
                        Unary::CountZeros,
                        Unary::CountOnes,
                        Unary::Negate,
                    ];
                    // A negated byte or word the compiler takes for a wider one.
                    let count = if kind.bits() < 32 { 3 } else { 4 };
                    self.pick(&some[..count])
                };
                Expression::Unary(operation, self.boxed(kind, depth))
            }
            2 => {
                let condition = Box::new(self.condition(depth));
                Expression::Choose(condition, self.boxed(kind, depth), self.boxed(kind, depth))
            }
            3 | 4 => {
                let from = if kind == F32 {
                    self.pick(&INTEGERS)
                } else {
                    self.pick(&VARIABLES)
                };
                // A float that does not fit is only defined where it is clamped.
                let clamped = from == F32 || kind != F32 && self.rng.bool();
                Expression::Convert(self.boxed(from, depth), clamped)
            }
            5 if kind == F32 => Expression::Fused(
                self.boxed(kind, depth),
                self.boxed(kind, depth),
                self.boxed(kind, depth),
            ),
            5 => Expression::BitSelect(
                self.boxed(kind, depth),
                self.boxed(kind, depth),
                self.boxed(kind, depth),
            ),
            _ => {
                let operation = match kind {
                    F32 => self.pick(&OF_FLOATS),
                    // The last is `mul_hi`: of words the compiler takes its sign for 0. The one
                    // before is `rhadd`, whose sum of two largest numbers the compiler's library
                    // gets wrong.
                    U16 => self.pick(&OF_INTEGERS[..17]),
                    U64 => self.pick(&OF_INTEGERS[..16]),
                    // And `sub_sat` of 0 and the least number.
                    I64 => self.pick(&OF_INTEGERS[..15]),
                    // The first are divisions: by a narrow integer that can't be negative the
                    // compiler divides a negative one as if it had no sign.
                    I8 | I16 => self.pick(&OF_INTEGERS[2..]),
                    _ => self.pick(&OF_INTEGERS),
                };
                Expression::Binary(operation, self.boxed(kind, depth), self.boxed(kind, depth))
            }
        }
    }

    fn condition(&mut self, depth: u32) -> Condition {
        let comparison = self.pick(&[
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
        ]);
        let kind = self.pick(&VARIABLES);
        // Of a sum compared with one of its terms the compiler compares the other with 0.
        let depth = if kind == F32 { 0 } else { depth };
        Condition(comparison, self.typed(kind, depth), self.typed(kind, depth))
    }

    fn statements(&mut self, count: usize, depth: u32, in_loop: bool) -> Vec<Statement> {
        (0..count).map(|_| self.statement(depth, in_loop)).collect()
    }

    fn statement(&mut self, depth: u32, in_loop: bool) -> Statement {
        let deeper = depth.saturating_sub(1);
        match self.rng.u8(..10) {
            0 | 1 if depth > 0 => {
                let (first, second) = (self.rng.usize(1..4), self.rng.usize(..3));
                Statement::If(
                    self.condition(1),
                    self.statements(first, deeper, in_loop),
                    self.statements(second, deeper, in_loop),
                )
            }
            2 if depth > 0 => {
                let count = self.rng.usize(1..4);
                Statement::Loop(self.typed(U32, 1), self.statements(count, deeper, true))
            }
            3 if in_loop => {
                let condition = self.condition(1);
                if self.rng.bool() {
                    Statement::BreakIf(condition)
                } else {
                    Statement::ContinueIf(condition)
                }
            }
            4 => Statement::SetElement(self.typed(U32, 1), self.typed(U32, 2)),
            _ => {
                let variable = self.rng.usize(..VARIABLES.len());
                Statement::Set(variable, self.typed(VARIABLES[variable], 3))
            }
        }
    }
}

impl Kernel {
    pub(crate) fn new(seed: u64) -> Self {
        let mut generator = Generator {
            rng: Rng::with_seed(seed),
        };
        let count = generator.rng.usize(3..10);
        let mut statements = Vec::new();
        for _ in 0..count {
            if generator.rng.u8(..8) == 0 {
                let variable = generator.rng.usize(..VARIABLES.len());
                statements.push(Statement::Exchange(variable, generator.rng.u32(1..40)));
            } else {
                statements.push(generator.statement(2, false));
            }
        }
        Self { seed, statements }
    }

    /// Input words of so many work-items.
    pub(crate) fn inputs(&self, items: usize) -> Vec<u64> {
        let mut rng = Rng::with_seed(!self.seed);
        (0..items * INPUTS)
            .map(|_| match rng.u8(..4) {
                0 => rng.u64(..16),
                1 => rng.u64(..).rotate_right(rng.u32(..64)) & 0xffff,
                _ => rng.u64(..),
            })
            .collect()
    }

    /// The kernel in OpenCL C.
    pub(crate) fn source(&self, name: &str) -> String {
        let mut text = format!(
            "__kernel void {name}(__global ulong *out, __global const ulong *in) {{\n    \
             const uint item = get_global_id(0);\n    const uint items = get_local_size(0);\n    \
             __local ulong shared_words[64];\n    uint array[{ARRAY}];\n    \
             const uint zero = (uint)out[item * {OUTPUTS}];\n"
        );
        for (number, kind) in VARIABLES.iter().enumerate() {
            let word = format!("in[item * {INPUTS} + {}]", number % INPUTS);
            let start = if *kind == F32 {
                // Numbers of any size, and few that are none.
                format!("as_float((uint)({word} >> {}))", number % 3)
            } else {
                format!("({})({word} >> {})", kind.name(), number % 3)
            };
            text += &format!("    {} v{number} = {start};\n", kind.name());
        }
        text += &format!(
            "    for (uint i = 0; i < {ARRAY}; i++) array[i] = (uint)in[item * {INPUTS}] + i;\n"
        );
        let mut loops = 0;
        write_statements(&mut text, &self.statements, 1, &mut loops);
        for (number, kind) in VARIABLES.iter().enumerate() {
            let value = if *kind == F32 {
                format!("(isnan(v{number}) ? 0x7fc00000u : as_uint(v{number}))")
            } else {
                format!("({})v{number}", kind.unsigned())
            };
            text += &format!("    out[item * {OUTPUTS} + {number}] = {value};\n");
        }
        text + "}\n"
    }

    /// The output words of all work-items.
    pub(crate) fn evaluate(&self, items: usize, inputs: &[u64]) -> Vec<u64> {
        let mut all: Vec<Item> = (0..items)
            .map(|item| Item::new(&inputs[item * INPUTS..][..INPUTS]))
            .collect();
        for statement in &self.statements {
            if let Statement::Exchange(variable, distance) = statement {
                let old: Vec<Value> = all.iter().map(|item| item.variables[*variable]).collect();
                for (number, item) in all.iter_mut().enumerate() {
                    item.variables[*variable] = old[(number + *distance as usize) % items];
                }
            } else {
                for item in &mut all {
                    item.execute(statement);
                }
            }
        }
        all.iter().flat_map(Item::outputs).collect()
    }
}

/// Whether a work-item's outputs are what was expected: floats by their values.
pub(crate) fn alike(expected: &[u64], got: &[u64]) -> bool {
    let pairs = VARIABLES.iter().zip(expected.iter().zip(got));
    pairs.into_iter().all(|(kind, (expected, got))| {
        expected == got
            || *kind == F32 && f32::from_bits(*expected as u32) == f32::from_bits(*got as u32)
    })
}

fn write_statements(text: &mut String, statements: &[Statement], depth: usize, loops: &mut u32) {
    let indent = "    ".repeat(depth);
    for statement in statements {
        match statement {
            Statement::Set(variable, value) => {
                *text += &format!("{indent}v{variable} = {};\n", value.text());
            }
            Statement::SetElement(index, value) => {
                let (index, value) = (index.text(), value.text());
                *text += &format!("{indent}array[{index} & {}] = {value};\n", ARRAY - 1);
            }
            Statement::If(condition, first, second) => {
                *text += &format!("{indent}if ({}) {{\n", condition.text());
                write_statements(text, first, depth + 1, loops);
                if !second.is_empty() {
                    *text += &format!("{indent}}} else {{\n");
                    write_statements(text, second, depth + 1, loops);
                }
                *text += &format!("{indent}}}\n");
            }
            Statement::Loop(count, body) => {
                let name = *loops;
                *loops += 1;
                *text += &format!("{indent}const uint n{name} = {} & 7;\n", count.text());
                *text +=
                    &format!("{indent}for (uint l{name} = 0; l{name} < n{name}; l{name}++) {{\n");
                write_statements(text, body, depth + 1, loops);
                *text += &format!("{indent}}}\n");
            }
            Statement::BreakIf(condition) => {
                *text += &format!("{indent}if ({}) break;\n", condition.text());
            }
            Statement::ContinueIf(condition) => {
                *text += &format!("{indent}if ({}) continue;\n", condition.text());
            }
            Statement::Exchange(variable, distance) => {
                let kind = VARIABLES[*variable];
                let (into, out) = if kind == F32 {
                    ("as_uint", "as_float((uint)".to_owned())
                } else {
                    (kind.unsigned(), format!("(({})", kind.name()))
                };
                let stored = if kind == F32 {
                    format!("{into}(v{variable})")
                } else {
                    format!("({into})v{variable}")
                };
                *text += &format!("{indent}shared_words[item] = {stored};\n");
                *text += &format!("{indent}barrier(CLK_LOCAL_MEM_FENCE);\n");
                *text += &format!(
                    "{indent}v{variable} = {out}shared_words[(item + {distance}) % items]);\n"
                );
                *text += &format!("{indent}barrier(CLK_LOCAL_MEM_FENCE);\n");
            }
        }
    }
}

impl Condition {
    fn text(&self) -> String {
        let Self(comparison, a, b) = self;
        let sign = match comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
        };
        format!("({} {sign} {})", a.text(), b.text())
    }
}

impl Typed {
    fn text(&self) -> String {
        let kind = self.kind;
        let name = kind.name();
        match &self.expression {
            Expression::Constant(Value::Integer(value)) => match kind {
                U64 => format!("{value}UL"),
                // The least one has no literal of its own.
                _ => format!("(({name})0x{:x}UL)", *value as u64),
            },
            Expression::Constant(Value::Float(value)) => {
                format!("as_float(0x{:x}u)", value.to_bits())
            }
            Expression::Variable(number) => format!("v{number}"),
            Expression::Element(index) => format!("array[{} & {}]", index.text(), ARRAY - 1),
            Expression::Unary(operation, a) => {
                let a = a.text();
                match operation {
                    Unary::Not => format!("(({name})~{a})"),
                    Unary::Negate if kind == F32 => format!("(-{a})"),
                    Unary::Negate => format!("(({name})(0 - ({}){a}))", kind.wide()),
                    Unary::Abs => format!("fabs({a})"),
                    Unary::CountZeros => format!("clz({a})"),
                    Unary::CountOnes => format!("popcount({a})"),
                    Unary::Floor => format!("floor({a})"),
                    Unary::Ceil => format!("ceil({a})"),
                    Unary::Truncate => format!("trunc({a})"),
                    Unary::Round => format!("rint({a})"),
                }
            }
            Expression::Binary(operation, a, b) => self.binary_text(*operation, a, b),
            Expression::Fused(a, b, c) => format!("fma({}, {}, {})", a.text(), b.text(), c.text()),
            Expression::BitSelect(a, b, c) => {
                format!("bitselect({}, {}, {})", a.text(), b.text(), c.text())
            }
            Expression::Choose(condition, a, b) => {
                // Of narrow integers, C makes ints.
                format!(
                    "(({name})({} ? {} : {}))",
                    condition.text(),
                    a.text(),
                    b.text()
                )
            }
            Expression::Convert(a, true) if a.kind == F32 => {
                // Of a constant that does not fit the compiler makes 0.
                format!("convert_{name}_sat(as_float(as_uint({}) + zero))", a.text())
            }
            Expression::Convert(a, true) => format!("convert_{name}_sat({})", a.text()),
            Expression::Convert(a, false) => format!("(({name}){})", a.text()),
        }
    }

    fn binary_text(&self, operation: Binary, a: &Self, b: &Self) -> String {
        let kind = self.kind;
        let (name, wide) = (kind.name(), kind.wide());
        let (a, b) = (a.text(), b.text());
        if kind == F32 {
            return match operation {
                Binary::Add => format!("({a} + {b})"),
                Binary::Subtract => format!("({a} - {b})"),
                Binary::Minimum => format!("fmin({a}, {b})"),
                Binary::Maximum => format!("fmax({a}, {b})"),
                _ => format!("({a} * {b})"),
            };
        }
        let last = kind.bits() - 1;
        let positive = kind.range().1 >> 1;
        let divisor = format!("({name})(({b} & ({name})0x{positive:x}UL) | 1)");
        match operation {
            Binary::Add => format!("(({name})(({wide}){a} + ({wide}){b}))"),
            Binary::Subtract => format!("(({name})(({wide}){a} - ({wide}){b}))"),
            Binary::Multiply => format!("(({name})(({wide}){a} * ({wide}){b}))"),
            Binary::Divide => format!("(({name})({a} / {divisor}))"),
            Binary::Remainder => format!("(({name})({a} % {divisor}))"),
            Binary::And => format!("(({name})({a} & {b}))"),
            Binary::Or => format!("(({name})({a} | {b}))"),
            Binary::Xor => format!("(({name})({a} ^ {b}))"),
            Binary::ShiftLeft => format!("(({name})(({wide}){a} << ((uint){b} & {last}u)))"),
            Binary::ShiftRight => format!("(({name})({a} >> ((uint){b} & {last}u)))"),
            Binary::Minimum => format!("min({a}, {b})"),
            Binary::Maximum => format!("max({a}, {b})"),
            Binary::MultiplyHigh => format!("mul_hi({a}, {b})"),
            Binary::AddSaturated => format!("add_sat({a}, {b})"),
            Binary::SubtractSaturated => format!("sub_sat({a}, {b})"),
            Binary::HalfAdd => format!("hadd({a}, {b})"),
            Binary::RoundedHalfAdd => format!("rhadd({a}, {b})"),
            // The compiler forgets the sign of a value or a count that is negated.
            Binary::Rotate => {
                format!("rotate(({name})({a} ^ ({name})zero), ({name})({b} + ({name})zero))")
            }
        }
    }
}

/// How a list of statements ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// A work-item.
struct Item {
    variables: Vec<Value>,
    array: Vec<u32>,
}

impl Item {
    fn new(inputs: &[u64]) -> Self {
        let start = |(number, kind): (usize, &Type)| {
            let word = inputs[number % INPUTS] >> (number % 3);
            if *kind == F32 {
                Value::Float(f32::from_bits(word as u32))
            } else {
                Value::Integer(kind.wrap(word.into()))
            }
        };
        Self {
            variables: VARIABLES.iter().enumerate().map(start).collect(),
            array: (0..ARRAY as u32)
                .map(|number| (inputs[0] as u32).wrapping_add(number))
                .collect(),
        }
    }

    fn outputs(&self) -> Vec<u64> {
        let pairs = VARIABLES.iter().zip(&self.variables);
        pairs
            .map(|(kind, value)| match value {
                Value::Integer(value) => (value & ((1 << kind.bits()) - 1)) as u64,
                Value::Float(value) if value.is_nan() => 0x7fc0_0000,
                Value::Float(value) => value.to_bits().into(),
            })
            .collect()
    }

    fn execute(&mut self, statement: &Statement) -> Flow {
        match statement {
            Statement::Set(variable, value) => self.variables[*variable] = self.value(value),
            Statement::SetElement(index, value) => {
                let index = self.value(index).integer() as u64 & (ARRAY - 1);
                self.array[index as usize] = self.value(value).integer() as u32;
            }
            Statement::If(condition, first, second) => {
                let taken = if self.holds(condition) { first } else { second };
                return self.execute_all(taken);
            }
            Statement::Loop(count, body) => {
                let count = self.value(count).integer() & 7;
                for _ in 0..count {
                    if self.execute_all(body) == Flow::Break {
                        break;
                    }
                }
            }
            Statement::BreakIf(condition) if self.holds(condition) => return Flow::Break,
            Statement::ContinueIf(condition) if self.holds(condition) => return Flow::Continue,
            Statement::BreakIf(_) | Statement::ContinueIf(_) => {}
            Statement::Exchange(..) => unreachable!("all work-items exchange at once"),
        }
        Flow::On
    }

    fn execute_all(&mut self, statements: &[Statement]) -> Flow {
        for statement in statements {
            let flow = self.execute(statement);
            if flow != Flow::On {
                return flow;
            }
        }
        Flow::On
    }

    fn holds(&self, Condition(comparison, a, b): &Condition) -> bool {
        match (self.value(a), self.value(b)) {
            (Value::Integer(a), Value::Integer(b)) => compare(*comparison, a, b),
            (a, b) => compare(*comparison, a.float(), b.float()),
        }
    }

    fn value(&self, typed: &Typed) -> Value {
        let kind = typed.kind;
        match &typed.expression {
            Expression::Constant(value) => *value,
            Expression::Variable(number) => self.variables[*number],
            Expression::Element(index) => {
                let index = self.value(index).integer() as u64 & (ARRAY - 1);
                Value::Integer(self.array[index as usize].into())
            }
            Expression::Unary(operation, a) => unary(*operation, kind, self.value(a)),
            Expression::Binary(operation, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                if kind == F32 {
                    Value::Float(of_floats(*operation, a.float(), b.float()))
                } else {
                    Value::Integer(of_integers(*operation, kind, a.integer(), b.integer()))
                }
            }
            Expression::Fused(a, b, c) => {
                let (a, b, c) = (self.value(a), self.value(b), self.value(c));
                Value::Float(a.float().mul_add(b.float(), c.float()))
            }
            Expression::BitSelect(a, b, c) => {
                let [a, b, c] = [a, b, c].map(|it| self.value(it).integer());
                Value::Integer(kind.wrap(a & !c | b & c))
            }
            Expression::Choose(condition, a, b) => {
                self.value(if self.holds(condition) { a } else { b })
            }
            Expression::Convert(a, clamped) => match self.value(a) {
                Value::Integer(value) if kind == F32 => Value::Float(value as f32),
                Value::Integer(value) if *clamped => Value::Integer(kind.clamp(value)),
                Value::Integer(value) => Value::Integer(kind.wrap(value)),
                // Towards zero; what is not a number becomes 0.
                Value::Float(value) => Value::Integer(kind.clamp(value as i128)),
            },
        }
    }
}

fn compare<T: PartialOrd>(comparison: Comparison, a: T, b: T) -> bool {
    match comparison {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
    }
}

fn unary(operation: Unary, kind: Type, a: Value) -> Value {
    let ones = |a: Value| a.integer() & ((1 << kind.bits()) - 1);
    match operation {
        Unary::Not => Value::Integer(kind.wrap(!a.integer())),
        Unary::Negate if kind == F32 => Value::Float(-a.float()),
        Unary::Negate => Value::Integer(kind.wrap(-a.integer())),
        Unary::Abs => Value::Float(a.float().abs()),
        Unary::CountZeros => {
            let unused = 128 - kind.bits();
            Value::Integer((ones(a).leading_zeros() - unused).into())
        }
        Unary::CountOnes => Value::Integer(ones(a).count_ones().into()),
        Unary::Floor => Value::Float(a.float().floor()),
        Unary::Ceil => Value::Float(a.float().ceil()),
        Unary::Truncate => Value::Float(a.float().trunc()),
        Unary::Round => Value::Float(a.float().round_ties_even()),
    }
}

fn of_floats(operation: Binary, a: f32, b: f32) -> f32 {
    match operation {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Minimum => a.min(b),
        Binary::Maximum => a.max(b),
        _ => a * b,
    }
}

fn of_integers(operation: Binary, kind: Type, a: i128, b: i128) -> i128 {
    let bits = kind.bits();
    let count = (b & i128::from(bits - 1)) as u32;
    let divisor = b & (kind.range().1 >> 1) | 1;
    match operation {
        Binary::Add => kind.wrap(a + b),
        Binary::Subtract => kind.wrap(a - b),
        Binary::Multiply => kind.wrap(a.wrapping_mul(b)),
        Binary::Divide => a / divisor,
        Binary::Remainder => a % divisor,
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        Binary::ShiftLeft => kind.wrap(a << count),
        Binary::ShiftRight => a >> count,
        Binary::Minimum => a.min(b),
        Binary::Maximum => a.max(b),
        // Products of 64-bit numbers fit, but for the unsigned ones' sign.
        Binary::MultiplyHigh if kind == U64 => {
            kind.wrap(((a as u128).wrapping_mul(b as u128) >> 64) as i128)
        }
        Binary::MultiplyHigh => kind.wrap((a * b) >> bits),
        Binary::AddSaturated => kind.clamp(a + b),
        Binary::SubtractSaturated => kind.clamp(a - b),
        Binary::HalfAdd => (a + b) >> 1,
        Binary::RoundedHalfAdd => (a + b + 1) >> 1,
        Binary::Rotate => {
            let ones = (1_i128 << bits) - 1;
            let a = a & ones;
            kind.wrap(a << count | a >> (bits - count))
        }
    }
}
