import { itemStatuses } from '../../lib/core/model/item.ts';

/** Item statuses as numbers in the table: their array indexes in `itemStatuses`. */
export const pending = itemStatuses.indexOf('pending');
export const queued = itemStatuses.indexOf('queued_local');
export const submitted = itemStatuses.indexOf('submitted');
export const completed = itemStatuses.indexOf('completed');
export const retryable = itemStatuses.indexOf('failed_retryable');
export const failed = itemStatuses.indexOf('failed_permanent');
export const shared = itemStatuses.indexOf('shared');
