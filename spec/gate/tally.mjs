import { readFileSync } from 'node:fs';

/**
 * The part of vitest's JSON report that is counted.
 *
 * @typedef {object} Report
 * @property {number} numTotalTests
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {boolean} success
 * @property {ReadonlyArray<{
 *   readonly name: string,
 *   readonly status: string,
 *   readonly assertionResults: ReadonlyArray<unknown>,
 * }>} testResults
 */

/** @typedef {{ readonly name: string, readonly ok: boolean }} Gate */

/**
 * @typedef {{ readonly passed: number, readonly failed: number, readonly problems:
 * ReadonlyArray<string> }} Tally
 */

/**
 * Counts vitest's report and the gates. Fails closed: no report, no test run, a spec file that did
 * not load, and an unhappy exit with no failed test are each one failure.
 *
 * @param {Report | null} report null: missing or unreadable
 * @param {number | null} exitCode vitest's own; null: killed by a signal
 * @param {ReadonlyArray<Gate>} gates
 * @returns {Tally}
 */
export const tally = (report, exitCode, gates) => {
  const problems = gates.filter((gate) => !gate.ok).map((gate) => `gate failed: ${gate.name}`);
  const passed = gates.length - problems.length + (report?.numPassedTests ?? 0);
  if (report === null) problems.push('vitest left no report');
  if (report !== null && report.numPassedTests + report.numFailedTests === 0)
    problems.push('not one test was run');
  for (const file of report?.testResults ?? []) {
    if (file.status === 'failed' && file.assertionResults.length === 0)
      problems.push(`spec did not load: ${file.name}`);
  }
  const failedTests = report?.numFailedTests ?? 0;
  if (
    report !== null &&
    failedTests + problems.length === 0 &&
    (exitCode !== 0 || !report.success)
  ) {
    problems.push(
      `no test failed, but vitest ended with ${exitCode ?? 'a signal'}: an error outside of any test`,
    );
  }
  return { passed, failed: failedTests + problems.length, problems };
};

/**
 * Reads a report, or null where there is none.
 *
 * @param {string} path
 * @returns {Report | null}
 */
export const readReport = (path) => {
  try {
    /** @type {unknown} */
    const report = JSON.parse(readFileSync(path, 'utf8'));
    return isReport(report) ? report : null;
  } catch {
    return null;
  }
};

/**
 * @param {unknown} value
 * @returns {value is Report}
 */
const isReport = (value) =>
  typeof value === 'object' &&
  value !== null &&
  ['numTotalTests', 'numPassedTests', 'numFailedTests', 'numPendingTests'].every(
    (key) => typeof (/** @type {Record<string, unknown>} */ (value)[key]) === 'number',
  ) &&
  'testResults' in value &&
  Array.isArray(value.testResults);
