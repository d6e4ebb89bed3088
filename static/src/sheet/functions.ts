/** Owns the names of functions that are offered while somebody types a formula, the frequent ones with their arguments. */
import { FUNCTIONS } from "./formula/functions";


const WITH_ARGUMENTS: readonly string[] = [
  "ABS(number)", "AND(logical, …)", "AVERAGE(number, …)", "AVERAGEIF(range, criterion, [average_range])", "AVERAGEIFS(average_range, range, criterion, …)", "CEILING(number, significance)",
  "CHOOSE(index, value, …)", "COLUMN([reference])", "CONCAT(text, …)", "CONCATENATE(text, …)", "COUNT(value, …)", "COUNTA(value, …)", "COUNTBLANK(range)", "COUNTIF(range, criterion)",
  "COUNTIFS(range, criterion, …)", "DATE(year, month, day)", "DATEVALUE(text)", "DAY(date)", "DAYS(end, start)", "EDATE(date, months)", "EOMONTH(date, months)", "EXACT(text, text)", "EXP(number)",
  "FIND(text, within, [start])", "FLOOR(number, significance)", "FV(rate, periods, payment, [present], [type])", "HLOOKUP(value, range, row, [sorted])", "HOUR(time)", "IF(condition, then, [else])", "IFERROR(value, otherwise)",
  "IFNA(value, otherwise)", "IFS(condition, value, …)", "INDEX(range, row, [column])", "INDIRECT(text)", "INT(number)", "ISBLANK(value)", "ISERROR(value)", "ISNUMBER(value)", "ISTEXT(value)", "LARGE(range, k)",
  "LEFT(text, [count])", "LEN(text)", "LN(number)", "LOG(number, [base])", "LOG10(number)", "LOOKUP(value, range, [result])", "LOWER(text)", "MATCH(value, range, [type])", "MAX(number, …)", "MAXIFS(range, range, criterion, …)",
  "MEDIAN(number, …)", "MID(text, start, count)", "MIN(number, …)", "MINIFS(range, range, criterion, …)", "MINUTE(time)", "MOD(number, divisor)", "MONTH(date)", "NETWORKDAYS(start, end, [holidays])", "NOT(logical)", "NOW()",
  "NPV(rate, value, …)", "OFFSET(reference, rows, columns, [height], [width])", "OR(logical, …)", "PI()", "PMT(rate, periods, present, [future], [type])", "POWER(number, power)", "PRODUCT(number, …)", "QUOTIENT(number, divisor)",
  "RAND()", "RANDBETWEEN(bottom, top)", "RANK(number, range, [order])", "REPLACE(text, start, count, new)", "REPT(text, count)", "RIGHT(text, [count])", "ROUND(number, digits)", "ROUNDDOWN(number, digits)", "ROUNDUP(number, digits)",
  "ROW([reference])", "ROWS(range)", "SEARCH(text, within, [start])", "SECOND(time)", "SIGN(number)", "SMALL(range, k)", "SQRT(number)", "STDEV(number, …)", "SUBSTITUTE(text, old, new, [which])", "SUBTOTAL(function, range, …)", "SUM(number, …)",
  "SUMIF(range, criterion, [sum_range])", "SUMIFS(sum_range, range, criterion, …)", "SUMPRODUCT(range, …)", "SWITCH(value, case, result, …)", "TEXT(value, format)", "TEXTJOIN(delimiter, ignore_empty, text, …)", "TIME(hour, minute, second)",
  "TODAY()", "TRANSPOSE(range)", "TRIM(text)", "TRUNC(number, [digits])", "UPPER(text)", "VALUE(text)", "VAR(number, …)", "VLOOKUP(value, range, column, [sorted])", "WEEKDAY(date, [type])", "WEEKNUM(date, [type])", "WORKDAY(start, days, [holidays])",
  "XLOOKUP(value, range, result, [otherwise])", "XOR(logical, …)", "YEAR(date)", "YEARFRAC(start, end, [basis])",
];

const HINTS: ReadonlyMap<string, string> = new Map([...FUNCTIONS.map((name): [string, string] => [name, `${name}(…)`]), ...WITH_ARGUMENTS.map((hint): [string, string] => [hint.slice(0, hint.indexOf("(")), hint])]);
const NAMES = [...HINTS.keys()].sort();
const MOST = 8;

/** Names that begin so, shortest list first. */
export function functionsLike(word: string): string[] {
  const wanted = word.toUpperCase();
  return wanted ? NAMES.filter((name) => name.startsWith(wanted)).slice(0, MOST) : [];
}

/** `SUM(number, …)`; null for a function that is not known. */
export function hintOf(name: string): string | null {
  return HINTS.get(name.toUpperCase()) ?? null;
}
