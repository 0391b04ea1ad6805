/**
 * An id as one segment of a path. An id of dots alone is a step to another folder for every URL
 * parser, also where each dot stands as `%2E`: it becomes an id that no service has.
 */
export const segment = (id: string): string =>
  /^\.{1,2}$/.test(id) ? id.replaceAll('.', '%252E') : encodeURIComponent(id);
