//! A wrong kernel made smaller: every kernel that is one step simpler, of which somebody picks
//! one that is still wrong.

use super::random::{Condition, Expression, Kernel, Statement, Type, Typed, VARIABLES};

/// All that is one step simpler.
pub(crate) fn simpler(kernel: &Kernel) -> Vec<Kernel> {
    let lists = of_statements(&kernel.statements);
    lists
        .into_iter()
        .map(|statements| Kernel {
            seed: kernel.seed,
            statements,
        })
        .collect()
}

/// Lists with one statement less, or one that is simpler.
fn of_statements(statements: &[Statement]) -> Vec<Vec<Statement>> {
    let mut lists = Vec::new();
    for (number, statement) in statements.iter().enumerate() {
        let mut with = |replacement: Vec<Statement>| {
            let mut list = statements.to_vec();
            list.splice(number..=number, replacement);
            lists.push(list);
        };
        with(Vec::new());
        match statement {
            Statement::Set(variable, value) => {
                for value in of_expressions(value) {
                    with(vec![Statement::Set(*variable, value)]);
                }
            }
            Statement::SetElement(index, value) => {
                for index in of_expressions(index) {
                    with(vec![Statement::SetElement(index, value.clone())]);
                }
                for value in of_expressions(value) {
                    with(vec![Statement::SetElement(index.clone(), value)]);
                }
            }
            Statement::If(condition, first, second) => {
                if !leaves(first) {
                    with(first.clone());
                }
                if !leaves(second) {
                    with(second.clone());
                }
                for condition in of_conditions(condition) {
                    with(vec![Statement::If(
                        condition,
                        first.clone(),
                        second.clone(),
                    )]);
                }
                for first in of_statements(first) {
                    with(vec![Statement::If(
                        condition.clone(),
                        first,
                        second.clone(),
                    )]);
                }
                for second in of_statements(second) {
                    with(vec![Statement::If(
                        condition.clone(),
                        first.clone(),
                        second,
                    )]);
                }
            }
            Statement::Loop(count, body) => {
                if !leaves(body) {
                    with(body.clone());
                }
                for count in of_expressions(count) {
                    with(vec![Statement::Loop(count, body.clone())]);
                }
                for body in of_statements(body) {
                    with(vec![Statement::Loop(count.clone(), body)]);
                }
            }
            Statement::BreakIf(condition) => {
                for condition in of_conditions(condition) {
                    with(vec![Statement::BreakIf(condition)]);
                }
            }
            Statement::ContinueIf(condition) => {
                for condition in of_conditions(condition) {
                    with(vec![Statement::ContinueIf(condition)]);
                }
            }
            Statement::Exchange(..) => {}
        }
    }
    lists
}

/// Whether statements leave the loop around them, and so can't stand without it.
fn leaves(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match statement {
        Statement::BreakIf(_) | Statement::ContinueIf(_) => true,
        Statement::If(_, first, second) => leaves(first) || leaves(second),
        _ => false,
    })
}

fn of_conditions(Condition(comparison, a, b): &Condition) -> Vec<Condition> {
    let first = of_expressions(a).into_iter();
    let first = first.map(|a| Condition(*comparison, a, b.clone()));
    let second = of_expressions(b).into_iter();
    let second = second.map(|b| Condition(*comparison, a.clone(), b));
    first.chain(second).collect()
}

/// Expressions of the same type with an operation less.
fn of_expressions(typed: &Typed) -> Vec<Typed> {
    let kind = typed.kind;
    let mut all = Vec::new();
    let mut with = |expression| all.push(Typed { kind, expression });
    let children: Vec<&Typed> = match &typed.expression {
        Expression::Constant(_) => return all,
        Expression::Variable(_) => return all,
        Expression::Element(a) | Expression::Unary(_, a) | Expression::Convert(a, _) => vec![a],
        Expression::Binary(_, a, b) => vec![a, b],
        Expression::Fused(a, b, c) | Expression::BitSelect(a, b, c) => vec![a, b, c],
        Expression::Choose(_, a, b) => vec![a, b],
    };
    with(Expression::Variable(variable(kind)));
    for child in &children {
        if child.kind == kind {
            with(child.expression.clone());
        }
    }
    if let Expression::Choose(condition, a, b) = &typed.expression {
        for condition in of_conditions(condition) {
            with(Expression::Choose(
                Box::new(condition),
                a.clone(),
                b.clone(),
            ));
        }
    }
    for (number, child) in children.iter().enumerate() {
        for smaller in of_expressions(child) {
            let mut expression = typed.expression.clone();
            let slot = match &mut expression {
                Expression::Element(a) | Expression::Unary(_, a) | Expression::Convert(a, _) => a,
                Expression::Binary(_, a, b) | Expression::Choose(_, a, b) => [a, b][number],
                Expression::Fused(a, b, c) | Expression::BitSelect(a, b, c) => [a, b, c][number],
                Expression::Constant(_) | Expression::Variable(_) => continue,
            };
            **slot = smaller;
            with(expression);
        }
    }
    all
}

fn variable(kind: Type) -> usize {
    let found = VARIABLES.iter().position(|it| *it == kind);
    found.expect("each type has a variable")
}
