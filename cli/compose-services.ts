import { serviceProfiles, type ServiceProfile } from '../adapters/openai/config/profiles.ts';

// Data alone: `status` must not load a provider's code.

/** The services that speak OpenAI's API, as their profiles describe them. */
export const compatibleServices: readonly ServiceProfile[] = Object.values(serviceProfiles);
